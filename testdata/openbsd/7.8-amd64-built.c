/* What the recorded machine of OpenBSD lacks: every state of a process and of TCP over IPv6, mappings, sensors, a battery, swap
   devices in use, a socket in a zone, shared and inactive memory, a fast interface that has lost packets, a tunnel. */
#include <sys/param.h>
#include <sys/time.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/mount.h>
#include <sys/sysctl.h>
#include <sys/sensors.h>
#include <sys/swap.h>
#include <sys/vmmeter.h>
#include <net/if.h>
#include <net/if_dl.h>
#include <net/if_media.h>
#include <net/route.h>
#include <netinet/in.h>
#include <uvm/uvmexp.h>
#include "interfaces.h"

HEADER("page_size 4096");
HEADER("clock_ticks 100");
HEADER("boot_time 1700000000");
HEADER("taken 1700000600.000000000");
HEADER("note Processes 1 to 7 are in the states of sys/proc.h, in their order.");

ANSWER("sysctl kern.boottime") struct timeval boot = {.tv_sec = 1700000000};
ANSWER("sysctl kern.clockrate") struct clockinfo rate = {.hz = 100, .tick = 10000};
ANSWER("sysctl vm.loadavg") struct loadavg load = {.ldavg = {1024, 2048, 4096}, .fscale = 2048};
ANSWER("sysctl hw.ncpuonline") int cpus = 4;

/* Processes. */
#define PROCESS(pid, state, more...)                                                                                     \
    {.p_pid = pid, .p_ppid = pid ? pid - 1 : 0, .p_stat = state, .p_nice = 20, .p_uvalid = 1, .p_ustart_sec = 1700000001,          \
     .p_ustart_usec = pid, .p_tdev = -1, .p_tid = -1, .p_cpuid = KI_NOCPU, more}
ANSWER("sysctl kern.proc.7.0.648") struct kinfo_proc processes[] = {
    PROCESS(0, 3, .p_comm = "swapper", .p_psflags = 0x10000 /* PS_SYSTEM */),
    PROCESS(1, 1 /* SIDL */, .p_comm = "idl"),
    PROCESS(2, 2 /* SRUN */, .p_comm = "run", .p_vm_rssize = 100, .p_vm_dsize = 256, .p_uru_maxrss = 4096),
    PROCESS(3, 3 /* SSLEEP */, .p_comm = "sleep", .p_uid = 1001, .p_ruid = 1000, .p_svuid = 1002),
    PROCESS(4, 4 /* SSTOP */, .p_comm = "stop"),
    PROCESS(5, 5 /* SZOMB */, .p_comm = "zomb", .p_uvalid = 0),
    PROCESS(6, 6 /* SDEAD */, .p_comm = "dead", .p_uvalid = 0),
    PROCESS(7, 7 /* SONPROC */, .p_comm = "onproc", .p_uutime_sec = 5, .p_uutime_usec = 250000, .p_ustime_sec = 1),
};
ANSWER("sysctl kern.proc.1.3.648") struct kinfo_proc process3[] = {
    PROCESS(3, 3, .p_comm = "sleep", .p_uid = 1001, .p_ruid = 1000, .p_svuid = 1002)};

ANSWER("sysctl kern.proc_vmmap.3") struct kinfo_vmentry mappings[] = {
    {.kve_start = 0x400000, .kve_end = 0x403000, .kve_etype = KVE_ET_OBJ | KVE_ET_COPYONWRITE,
     .kve_protection = KVE_PROT_READ | KVE_PROT_EXEC},
    {.kve_start = 0x7f7ff0000000, .kve_end = 0x7f7ff0800000, .kve_etype = KVE_ET_STACK,
     .kve_protection = KVE_PROT_READ | KVE_PROT_WRITE},
};

/* Memory and swap, in pages and in blocks of 512 bytes. The second device takes no new pages. */
ANSWER("sysctl vm.uvmexp") struct uvmexp memory = {
    .pagesize = 4096, .npages = 2000000, .free = 100000, .active = 200000, .inactive = 300000, .wired = 400000,
    .pgswapin = 12, .pgswapout = 34, .intrs = 1, .swtch = 2, .softs = 3, .syscalls = 4};
ANSWER("sysctl vfs.bcachestat") struct bcachestats cache = {.numbufs = 1, .numbufpages = 50000};
ANSWER("sysctl vm.vmmeter") struct vmtotal total = {.t_vmshr = 1000, .t_rmshr = 500};
ANSWER("sysctl hw.physmem64") int64_t physical = 8589934592;
ANSWER("call swapctl stats") struct swapent swaps[] = {
    {.se_flags = SWF_INUSE | SWF_ENABLE, .se_nblks = 1 << 20, .se_inuse = 1 << 18, .se_path = "/dev/sd0b"},
    {.se_flags = SWF_INUSE, .se_nblks = 1000, .se_inuse = 1000, .se_path = "/swapfile"},
};

/* Sensors. Temperatures are in microkelvins, electricity in millionths of its unit. The device 1 has been unplugged. */
ANSWER("sysctl hw.sensors.0") struct sensordev cpu = {
    .num = 0, .xname = "cpu0", .maxnumt = {[SENSOR_TEMP] = 2, [SENSOR_FANRPM] = 1}};
REFUSED("sysctl hw.sensors.1", 6);
ANSWER("sysctl hw.sensors.2") struct sensordev battery = {
    .num = 2, .xname = "acpibat0", .maxnumt = {[SENSOR_WATTHOUR] = 2, [SENSOR_WATTS] = 1}};
ANSWER("sysctl hw.sensors.3") struct sensordev adapter = {.num = 3, .xname = "acpiac0", .maxnumt = {[SENSOR_INDICATOR] = 1}};
REFUSED("sysctl hw.sensors.4", 2);
ANSWER("sysctl hw.sensors.0.0.0") struct sensor temperature = {.desc = "core", .value = 323150000, .type = SENSOR_TEMP};
ANSWER("sysctl hw.sensors.0.0.1") struct sensor unknown = {.value = 0, .type = SENSOR_TEMP, .flags = SENSOR_FUNKNOWN};
ANSWER("sysctl hw.sensors.0.1.0") struct sensor fan = {.value = 1200, .type = SENSOR_FANRPM};
ANSWER("sysctl hw.sensors.2.7.0") struct sensor full = {.desc = "last full capacity", .value = 40000000, .type = SENSOR_WATTHOUR};
ANSWER("sysctl hw.sensors.2.7.1") struct sensor left = {.desc = "remaining capacity", .value = 30000000, .type = SENSOR_WATTHOUR};
ANSWER("sysctl hw.sensors.2.5.0") struct sensor discharge = {.desc = "rate", .value = 10000000, .type = SENSOR_WATTS};
ANSWER("sysctl hw.sensors.3.9.0") struct sensor connected = {.desc = "power supply", .value = 0, .type = SENSOR_INDICATOR};

/* TCP over IPv6 in every state, held by process 3 as descriptors 10 and up. */
#define PORT(number) ((number) >> 8 | ((number) & 0xff) << 8)
#define SOCKET(state)                                                                                                    \
    {.p_pid = 3, .fd_fd = 10 + state, .f_type = 2 /* DTYPE_SOCKET */, .f_data = 0x1000 + state, .so_type = SOCK_STREAM,  \
     .so_protocol = IPPROTO_TCP, .so_family = AF_INET6, .t_state = state, .so_snd_cc = 100 + state, .inp_lport = PORT(8000 + state),               \
     .inp_fport = PORT(state == 1 ? 0 : 9000 + state), .inp_laddru = {0xb80d0120, 0, 0, 1 << 24},                        \
     .inp_faddru = {0xb80d0120, 0, 0, 2 << 24}}
ANSWER("sysctl kern.file.2.-1.632") struct kinfo_file files[] = {
    SOCKET(0), SOCKET(1), SOCKET(2), SOCKET(3), SOCKET(4), SOCKET(5), SOCKET(6), SOCKET(7), SOCKET(8), SOCKET(9), SOCKET(10),
    /* fe80::1 on interface 2, whose number the kernel keeps in the address. */
    {.p_pid = 3, .fd_fd = 30, .f_type = 2, .f_data = 0x1100, .so_type = SOCK_DGRAM, .so_protocol = IPPROTO_UDP,
     .so_family = AF_INET6, .inp_lport = PORT(5353), .inp_laddru = {0x020080fe, 0, 0, 1 << 24}}};

INTERFACES("sysctl net.route.0.0.iflist.0");
/* 100 Gbit/s, full duplex. */
ANSWER("ioctl SIOCGIFMEDIA mce0") struct ifmediareq media = {
    .ifm_name = "mce0", .ifm_current = IFM_ETHER | IFM_100G_CR4 | IFM_FDX, .ifm_active = IFM_ETHER | IFM_100G_CR4 | IFM_FDX,
    .ifm_status = IFM_AVALID | IFM_ACTIVE};
REFUSED("ioctl SIOCGIFMEDIA tun0", 25);
