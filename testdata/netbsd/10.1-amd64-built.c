/* What the recorded machine of NetBSD lacks: every state of a process and of TCP over IPv6, limits, mappings, sensors, a battery, load,
   swap devices in use, a fast interface that has lost packets, a tunnel. */
#include <sys/param.h>
#include <sys/time.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysctl.h>
#include <sys/swap.h>
#include <net/if.h>
#include <net/if_dl.h>
#include <net/if_media.h>
#include <net/route.h>
#include <netinet/in.h>
#include <uvm/uvm_extern.h>
#include "interfaces.h"

HEADER("page_size 4096");
HEADER("clock_ticks 100");
HEADER("boot_time 1700000000");
HEADER("taken 1700000600.000000000");
HEADER("note Processes 1 to 8 are in the states of sys/lwp.h, in their order.");

ANSWER("sysctl kern.boottime") struct timespec boot = {.tv_sec = 1700000000};
ANSWER("sysctl kern.clockrate") struct clockinfo rate = {.hz = 100, .tick = 10000};
ANSWER("sysctl vm.loadavg") struct loadavg load = {.ldavg = {1024, 2048, 4096}, .fscale = 2048};
ANSWER("sysctl hw.ncpuonline") int cpus = 4;

/* Processes. `p_stat` is the state of a thread, `p_realstat` that of the process. */
#define PROCESS(pid, state, more...)                                                                                     \
    {.p_pid = pid, .p_ppid = pid ? pid - 1 : 0, .p_stat = state, .p_realstat = 2, .p_nlwps = 1, .p_nice = 20, .p_uvalid = 1,       \
     .p_ustart_sec = 1700000001, .p_ustart_usec = pid, .p_tdev = -1, more}
ANSWER("sysctl kern.proc2.0.0.680") struct kinfo_proc2 processes[] = {
    PROCESS(0, 3, .p_comm = "system"),
    PROCESS(1, 1 /* LSIDL */, .p_comm = "idl"),
    PROCESS(2, 2 /* LSRUN */, .p_comm = "run", .p_vm_rssize = 100, .p_vm_msize = 256, .p_uru_maxrss = 4096),
    PROCESS(3, 3 /* LSSLEEP */, .p_comm = "sleep", .p_uid = 1001, .p_ruid = 1000, .p_svuid = 1002),
    PROCESS(4, 4 /* LSSTOP */, .p_comm = "stop"),
    PROCESS(5, 5 /* LSZOMB */, .p_comm = "zomb", .p_realstat = 5, .p_uvalid = 0),
    PROCESS(7, 7 /* LSONPROC */, .p_comm = "onproc", .p_uutime_sec = 5, .p_uutime_usec = 250000, .p_ustime_sec = 1),
    PROCESS(8, 8 /* LSSUSPENDED */, .p_comm = "suspended"),
};
ANSWER("sysctl kern.proc2.1.3.680") struct kinfo_proc2 process3[] = {
    PROCESS(3, 3, .p_comm = "sleep", .p_uid = 1001, .p_ruid = 1000, .p_svuid = 1002)};

/* The soft and the hard limit of open files, and a core size without limit. */
ANSWER("sysctl proc.3.2.9.1") rlim_t soft_files = 1024;
ANSWER("sysctl proc.3.2.9.2") rlim_t hard_files = 4096;
ANSWER("sysctl proc.3.2.5.1") rlim_t soft_core = RLIM_INFINITY;
ANSWER("sysctl proc.3.2.5.2") rlim_t hard_core = RLIM_INFINITY;

ANSWER("sysctl vm.proc.map.3.1128") struct kinfo_vmentry mappings[] = {
    {.kve_start = 0x400000, .kve_end = 0x403000, .kve_type = KVME_TYPE_VNODE, .kve_flags = KVME_FLAG_COW,
     .kve_protection = KVME_PROT_READ | KVME_PROT_EXEC, .kve_ref_count = 2, .kve_path = "/usr/bin/sleep"},
    {.kve_start = 0x7f7ff0000000, .kve_end = 0x7f7ff0800000, .kve_type = KVME_TYPE_ANON, .kve_protection = KVME_PROT_READ,
     .kve_ref_count = 1},
};

/* Memory and swap, in pages and in blocks of 512 bytes. The second device takes no new pages. */
ANSWER("sysctl vm.uvmexp2") struct uvmexp_sysctl memory = {
    .pagesize = 4096, .npages = 2000000, .free = 100000, .active = 200000, .inactive = 300000, .wired = 400000,
    .anonpages = 50000, .filepages = 60000, .execpages = 7000, .pgswapin = 12, .pgswapout = 34,
    .intrs = 1, .swtch = 2, .softs = 3, .syscalls = 4};
ANSWER("sysctl vm.bufmem") long buffers = 123456789;
ANSWER("call swapctl stats") struct swapent swaps[] = {
    {.se_flags = SWF_INUSE | SWF_ENABLE, .se_nblks = 1 << 20, .se_inuse = 1 << 18, .se_path = "/dev/wd0b"},
    {.se_flags = SWF_INUSE, .se_nblks = 1000, .se_inuse = 1000, .se_path = "/swapfile"},
};

/* Sensors, as envsys(4) returns them. Temperatures are in microkelvins, electricity in millionths of its unit. */
#define KEY(name) "<key>" name "</key>"
#define STRING(name, value) KEY(name) "<string>" value "</string>"
#define INTEGER(name, value) KEY(name) "<integer>" value "</integer>"
#define SENSOR(description, type, value, more) \
    "<dict>" STRING("description", description) STRING("type", type) STRING("state", "valid") INTEGER("cur-value", value) more "</dict>\n"
#define DEVICE(name, sensors) KEY(name) "<array>\n" sensors "</array>\n"
ANSWER("ioctl ENVSYS_GETDICTIONARY /dev/sysmon") char sensors[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<!DOCTYPE plist PUBLIC \"-//Apple Computer//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
    "<plist version=\"1.0\">\n<dict>\n"
    DEVICE("acpiacad0", SENSOR("connected", "Indicator", "0", ""))
    DEVICE("acpibat0", SENSOR("charge", "Watt hour", "30000000", INTEGER("max-value", "40000000"))
                       SENSOR("discharge rate", "Watts", "10000000", "") SENSOR("charging", "Battery charge", "0", ""))
    DEVICE("coretemp0", SENSOR("cpu0 temperature", "Temperature", "323150000",
                               INTEGER("warning-max", "363150000") INTEGER("critical-max", "373150000")))
    DEVICE("fan0", SENSOR("CPU fan", "Fan", "1200", ""))
    "</dict>\n</plist>\n";

/* TCP over IPv6 in every state; the sockets of states 1 to 9 are held by process 3 as descriptors 10 and up. */
#define ADDRESS(last, port)                                                                                              \
    {28, AF_INET6, (char)((port) >> 8), (char)((port) & 0xff), 0, 0, 0, 0, 0x20, 0x01, 0x0d, (char)0xb8, [23] = last}
#define SOCKET(state)                                                                                                    \
    {.ki_pcbaddr = 0x2000 + state, .ki_sockaddr = 0x1000 + state, .ki_family = AF_INET6, .ki_type = SOCK_STREAM,         \
     .ki_protocol = IPPROTO_TCP, .ki_tstate = state, .ki_sndq = 100 + state, .ki_s = {._kis_pad = ADDRESS(1, 8000 + state)},                     \
     .ki_d = {._kid_pad = ADDRESS(2, state == 1 ? 0 : 9000 + state)}}
ANSWER("sysctl net.inet6.tcp6.pcblist.0.0.640") struct kinfo_pcb tcp[] = {
    SOCKET(0), SOCKET(1), SOCKET(2), SOCKET(3), SOCKET(4), SOCKET(5), SOCKET(6), SOCKET(7), SOCKET(8), SOCKET(9), SOCKET(10)};
/* A kernel without the other protocols. */
REFUSED("sysctl net.inet.tcp.pcblist.0.0.640", 2);
REFUSED("sysctl net.inet.udp.pcblist.0.0.640", 2);
REFUSED("sysctl net.inet6.udp6.pcblist.0.0.640", 2);
REFUSED("sysctl net.local.stream.pcblist.0.0.640", 2);
REFUSED("sysctl net.local.dgram.pcblist.0.0.640", 2);
REFUSED("sysctl net.local.seqpacket.pcblist.0.0.640", 2);
#define FILE(state) {.ki_pid = 3, .ki_fd = 9 + state, .ki_ftype = 2 /* DTYPE_SOCKET */, .ki_fdata = 0x1000 + state}
ANSWER("sysctl kern.file2.2.-1.120") struct kinfo_file files[] = {
    FILE(1), FILE(2), FILE(3), FILE(4), FILE(5), FILE(6), FILE(7), FILE(8), FILE(9)};

INTERFACES("sysctl net.route.0.0.iflist.0");
/* 100 Gbit/s, full duplex. */
ANSWER("ioctl SIOCGIFMEDIA mce0") struct ifmediareq media = {
    .ifm_name = "mce0", .ifm_current = IFM_ETHER | IFM_100G_CR4 | IFM_FDX, .ifm_active = IFM_ETHER | IFM_100G_CR4 | IFM_FDX,
    .ifm_status = IFM_AVALID | IFM_ACTIVE};
REFUSED("ioctl SIOCGIFMEDIA tun0", 25);
