/* A virtual machine with macOS 11, as on hosted runners: no power manager, no kinds of cores, no battery, proc_pid_rusage up to
   version 4, and a program of x86_64 that asks through Rosetta. */
#include "common.h"

HEADER("page_size 4096");
HEADER("boot_time 1700000000");
HEADER("taken 1700000600.000000000");
HEADER("uid 501");

NUMBER("sysctl hw.logicalcpu", logical, 3);
NUMBER("sysctl hw.physicalcpu", physical, 3);
REFUSED("sysctl hw.nperflevels", ENOENT);
REFUSED("call IORegistryEntryCreateCFProperty pmgr", ENOENT);
/* Rosetta answers with the frequency of no machine, and says that the clock counts nanoseconds. */
NUMBER("sysctl sysctl.proc_translated", translated, 1);
ANSWER("sysctl hw.cpufrequency") const uint64_t frequency = 2400000000;
ANSWER("call mach_timebase_info") const struct mach_timebase_info timebase = {.numer = 1, .denom = 1};
TEXT("call IOPSCopyPowerSourcesList", batteries, PLIST("<array/>\n"));
REFUSED("call IOConnectCallStructMethod temperatures", ENOENT);
REFUSED("call IOConnectCallStructMethod fans", ENOENT);
/* The pages of the program have 4 KiB. The kernel counts its own, of 16 KiB. */
NUMBER("sysctl vm.pagesize", page_size, 16384);
NUMBER("sysctl hw.optional.arm64", arm64, 1);
ANSWER("sysctl hw.memsize") const uint64_t memory_size = 8192 * 16384;
ANSWER("call host_statistics64 vm_info64") const struct vm_statistics64 memory = {
    .free_count = 1000, .active_count = 2000, .inactive_count = 1500, .wire_count = 700, .pageins = 5,
};
ANSWER("sysctl vm.swapusage") const struct xsw_usage swap = {.xsu_total = 0};

#define P1 PROCESS(1, 0, "launchd", 0, 1700000000, 1)
#define P90 PROCESS(90, 1, "me", 501, 1700000090, 0)
ANSWER("sysctl kern.proc.all") const struct kinfo_proc all[] = {P1, P90};
ANSWER("sysctl kern.proc.pid.1") const struct kinfo_proc p1 = P1;
ANSWER("sysctl kern.proc.pid.90") const struct kinfo_proc p90 = P90;
ANSWER("call proc_pidinfo taskallinfo 90") const struct proc_taskallinfo task90 = {
    .pbsd = {.pbi_pid = 90, .pbi_name = "me", .pbi_start_tvsec = 1700000090}, .ptinfo = {.pti_total_user = 24000000, .pti_threadnum = 1},
};
REFUSED("call proc_pid_rusage 6 1", EPERM);
REFUSED("call proc_pid_rusage 6 90", EINVAL);
REFUSED("call proc_pid_rusage 4 1", EPERM);
ANSWER("call proc_pid_rusage 4 90") const struct rusage_info_v4 usage90 = {
    .ri_user_time = 24000000, .ri_phys_footprint = 1 << 20, .ri_diskio_bytesread = 512, .ri_lifetime_max_phys_footprint = 2 << 20,
};
