/* An idle MacBook with an M4, whose table of frequencies counts kilohertz: four performance and six efficiency cores, its battery
   being charged beside an uninterruptible power supply. */
#include "common.h"

HEADER("page_size 16384");
HEADER("boot_time 1700000000");
HEADER("taken 1700000600.000000000");
HEADER("uid 501");

NUMBER("sysctl hw.logicalcpu", logical, 10);
NUMBER("sysctl hw.physicalcpu", physical, 10);
NUMBER("sysctl sysctl.proc_translated", translated, 0);
NUMBER("sysctl hw.optional.arm64", arm64, 1);
NUMBER("sysctl hw.nperflevels", levels, 2);
STRING("sysctl hw.perflevel0.name", name0, "Performance");
NUMBER("sysctl hw.perflevel0.physicalcpu", physical0, 4);
NUMBER("sysctl hw.perflevel0.logicalcpu", logical0, 4);
STRING("sysctl hw.perflevel1.name", name1, "Efficiency");
NUMBER("sysctl hw.perflevel1.physicalcpu", physical1, 6);
NUMBER("sysctl hw.perflevel1.logicalcpu", logical1, 6);
/* 1020 MHz; 1260 MHz, an unused step, 4512 MHz. */
TEXT("call IORegistryEntryCreateCFProperty pmgr", voltages,
     PLIST("<dict>\n\t<key>voltage-states1-sram</key>\n\t<data>\n\tYJAPALwCAAA=\n\t</data>\n"
           "\t<key>voltage-states5-sram</key>\n\t<data>\n\t4DkTALwCAAAAAAAAAAAAAADZRADoAwAA\n\t</data>\n</dict>\n"));
TEXT("call IOPSCopyPowerSourcesList", batteries,
     PLIST("<array>\n\t<dict>\n" PLIST_NUMBER("Current Capacity", 300) PLIST_NUMBER("Max Capacity", 400)
           PLIST_STRING("Power Source State", "AC Power") PLIST_STRING("Type", "UPS") "\t</dict>\n"
           BATTERY(80, "AC Power", 0) "</array>\n"));
/* The controller has no fans, and its one key that is known holds no temperature. */
ANSWER("call IOConnectCallStructMethod temperatures") const struct SMCParamStruct temperatures[] = {
    SMC(('T', 'C', '0', 'P'), UI8, 1, 40),
};
ANSWER("call IOConnectCallStructMethod fans") const struct SMCParamStruct fans[] = {SMC(('F', 'N', 'u', 'm'), UI8, 1, 0)};

ANSWER("sysctl kern.boottime") const struct timeval boot = {.tv_sec = 1700000000};
/* Nothing runs: each core was idle but for a moment, and no memory was swapped. */
ANSWER("call host_processor_info cpu_load") const struct processor_cpu_load_info ticks[10] = {
    {{[CPU_STATE_USER] = 10, [CPU_STATE_SYSTEM] = 20, [CPU_STATE_IDLE] = 59970}},
    [1 ... 9] = {{[CPU_STATE_IDLE] = 60000}},
};
ANSWER("call host_processor_info cpu_stat64") const struct processor_cpu_stat64 interrupts[10] = {{.timer_cnt = 100}};
ANSWER("sysctl vm.loadavg") const struct loadavg load = {.ldavg = {20, 10, 0}, .fscale = 2048};
NUMBER("sysctl vm.pagesize", page_size, 16384);
ANSWER("sysctl hw.memsize") const uint64_t memory_size = 17179869184;
ANSWER("call host_statistics64 vm_info64") const struct vm_statistics64 memory = {
    .free_count = 800000, .active_count = 100000, .inactive_count = 90000, .wire_count = 40000, .speculative_count = 1000,
};
ANSWER("sysctl vm.swapusage") const struct xsw_usage swap = {.xsu_total = 0};

/* The boot volume alone, whose disk the driver does not count. */
TEXT("call IOServiceGetMatchingServices IOMedia", disks,
     PLIST("<array>\n\t<dict>\n" PLIST_STRING("BSD Name", "disk0") "\t</dict>\n</array>\n"));

#define P1 PROCESS(1, 0, "launchd", 0, 1700000000, 1)
ANSWER("sysctl kern.proc.all") const struct kinfo_proc all[] = {P1};
ANSWER("sysctl kern.proc.pid.1") const struct kinfo_proc p1 = P1;
