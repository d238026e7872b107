/* What the recorded machines of FreeBSD lack: every state of TCP over IPv6, every state of a process, jails, Linux programs,
   swap devices, temperatures, a battery, frequencies, wide interfaces, cores of two kinds. */
#include <sys/param.h>
#include <sys/time.h>
#include <sys/socket.h>
#include <sys/socketvar.h>
#include <sys/file.h>
#include <sys/user.h>
#include <sys/un.h>
#include <sys/unpcb.h>
#include <net/if.h>
#include <net/if_media.h>
#include <netinet/in.h>
#include <netinet/in_pcb.h>
#include <netinet/tcp.h>
#include <netinet/tcp_fsm.h>
#include <netinet/tcp_var.h>
#include <vm/vm_param.h>

HEADER("page_size 4096");
HEADER("clock_ticks 128");
HEADER("boot_time 1700000000");
HEADER("taken 1700000600.000000000");
HEADER("note Processes 1 to 7 are in the states of sys/proc.h, in their order.");

ANSWER("sysctl kern.boottime") struct timeval boot = {.tv_sec = 1700000000};
ANSWER("sysctl hw.pagesize") int page_size = 4096;
ANSWER("sysctl hw.ncpu") int cpus = 4;
ANSWER("sysctl kern.clockrate") struct clockinfo rate = {.hz = 1000, .tick = 1000, .profhz = 8128, .stathz = 128};
ANSWER("sysctl vm.loadavg") struct loadavg load = {.ldavg = {1024, 2048, 4096}, .fscale = 2048};

/* Processes. */
#define PROCESS(pid, state, more...)                                                                                    \
    {.ki_structsize = sizeof(struct kinfo_proc), .ki_pid = pid, .ki_ppid = pid - 1, .ki_stat = state, .ki_numthreads = 1, \
     .ki_start = {.tv_sec = 1700000001, .tv_usec = pid}, .ki_nice = NZERO, more}
ANSWER("sysctl kern.proc.proc") struct kinfo_proc processes[] = {
    PROCESS(1, 1 /* SIDL */, .ki_comm = "idl"),
    PROCESS(2, 2 /* SRUN */, .ki_comm = "run", .ki_rssize = 100, .ki_size = 1 << 20, .ki_oncpu = 3, .ki_lastcpu = 3),
    PROCESS(3, 3 /* SSLEEP */, .ki_comm = "sleep", .ki_uid = 1001, .ki_ruid = 1000, .ki_svuid = 1002, .ki_jid = 7),
    PROCESS(4, 4 /* SSTOP */, .ki_comm = "stop", .ki_emul = "Linux ELF64"),
    PROCESS(5, 5 /* SZOMB */, .ki_comm = "zomb"),
    PROCESS(6, 6 /* SWAIT */, .ki_comm = "wait", .ki_rusage = {.ru_utime = {5, 250000}, .ru_stime = {1, 500000}}),
    PROCESS(7, 7 /* SLOCK */, .ki_comm = "lock"),
};
/* A process in a jail, and a Linux program. */
ANSWER("sysctl kern.proc.pid.3") struct kinfo_proc jailed = PROCESS(3, 3, .ki_comm = "sleep", .ki_jid = 7);
ANSWER("sysctl kern.proc.pid.4") struct kinfo_proc foreign = PROCESS(4, 4, .ki_comm = "stop", .ki_emul = "Linux ELF64");
ANSWER("call getpwuid 0") char root[4] = "root";
REFUSED("call getpwuid 1000", 2);
REFUSED("call getpwuid 1001", 2);

/* One core with two threads, and two cores with one thread each that share a cache. 15.0 has another machine. */
#ifndef OTHER_TOPOLOGY
ANSWER("sysctl kern.sched.topology_spec") char topology[] =
    "<groups>\n"
    " <group level=\"1\" cache-level=\"3\">\n"
    "  <cpu count=\"4\" mask=\"f\">0, 1, 2, 3</cpu>\n"
    "  <children>\n"
    "   <group level=\"2\" cache-level=\"2\">\n"
    "    <cpu count=\"2\" mask=\"3\">0, 1</cpu>\n"
    "    <flags><flag name=\"THREAD\">THREAD group</flag><flag name=\"SMT\">SMT group</flag></flags>\n"
    "   </group>\n"
    "   <group level=\"2\" cache-level=\"2\">\n"
    "    <cpu count=\"2\" mask=\"c\">2, 3</cpu>\n"
    "   </group>\n"
    "  </children>\n"
    " </group>\n"
    "</groups>\n";
#endif

/* Swap: the third device does not exist. */
ANSWER("sysctl vm.swap_info.0") struct xswdev swap0 = {.xsw_version = XSWDEV_VERSION, .xsw_nblks = 1000, .xsw_used = 250};
ANSWER("sysctl vm.swap_info.1") struct xswdev swap1 = {.xsw_version = XSWDEV_VERSION, .xsw_nblks = 1 << 20, .xsw_used = 1};
REFUSED("sysctl vm.swap_info.2", 2);
ANSWER("sysctl vm.stats.vm.v_swappgsin") long swap_in = 12;
ANSWER("sysctl vm.stats.vm.v_swappgsout") long swap_out = 34;

/* Temperatures in tenths of a kelvin. */
ANSWER("sysctl dev.cpu.0.temperature") int temperature0 = 3132;
ANSWER("sysctl dev.cpu.0.coretemp.tjmax") int limit0 = 3732;
ANSWER("sysctl dev.cpu.1.temperature") int temperature1 = 3302;
REFUSED("sysctl dev.cpu.1.coretemp.tjmax", 2);
REFUSED("sysctl dev.cpu.2.temperature", 2);
REFUSED("sysctl dev.cpu.3.temperature", 2);

ANSWER("sysctl hw.acpi.battery.life") int battery_percent = 81;
ANSWER("sysctl hw.acpi.battery.time") int battery_minutes = 123;
ANSWER("sysctl hw.acpi.acline") int battery_line = 0;

ANSWER("sysctl dev.cpu.0.freq") int frequency = 2400;
ANSWER("sysctl dev.cpu.0.freq_levels") char levels[] = "3600/65000 2400/35000 800/9000";
REFUSED("sysctl dev.cpu.1.freq", 2);
REFUSED("sysctl dev.cpu.2.freq", 2);
REFUSED("sysctl dev.cpu.3.freq", 2);

/* TCP over IPv6, in every state; the sockets of states 1 to 10 are held by process 3 as descriptors 10 and up. */
#define ADDRESS(last) {.__u6_addr.__u6_addr8 = {0x20, 0x01, 0x0d, 0xb8, [15] = last}}
#define PORT(number) ((in_port_t)((number) >> 8 | ((number) & 0xff) << 8))
#define SOCKET(state)                                                                                                    \
    {.xt_len = sizeof(struct xtcpcb), .t_state = state,                                                                  \
     .xt_inp = {.xi_len = sizeof(struct xinpcb), .inp_vflag = INP_IPV6,                                                  \
                .xi_socket = {.xso_len = sizeof(struct xsocket), .xso_so = 0x1000 + state, .so_pcb = 0x2000 + state,     \
                              .xso_family = AF_INET6, .xso_protocol = IPPROTO_TCP, .so_type = SOCK_STREAM,               \
                              .so_snd = {.sb_cc = 100 + state}},                                                         \
                .inp_inc = {.inc_ie = {.ie_lport = PORT(8000 + state), .ie_fport = PORT(state == 1 ? 0 : 9000 + state),  \
                                       .ie_dependladdr.id6_addr = ADDRESS(1), .ie_dependfaddr.id6_addr = ADDRESS(2)}}}}
ANSWER("sysctl net.inet.tcp.pcblist") struct {
    struct xinpgen first;
    struct xtcpcb sockets[TCP_NSTATES];
    struct xinpgen last;
} tcp = {
    .first = {.xig_len = sizeof(struct xinpgen)},
    .sockets = {SOCKET(0), SOCKET(1), SOCKET(2), SOCKET(3), SOCKET(4), SOCKET(5), SOCKET(6), SOCKET(7), SOCKET(8), SOCKET(9),
                SOCKET(10)},
    .last = {.xig_len = sizeof(struct xinpgen)},
};
#define FILE(state) {.xf_size = sizeof(struct xfile), .xf_pid = 3, .xf_fd = 9 + state, .xf_type = DTYPE_SOCKET, .xf_data = 0x1000 + state}
ANSWER("sysctl kern.file") struct xfile files[] = {
    FILE(1), FILE(2), FILE(3), FILE(4), FILE(5), FILE(6), FILE(7), FILE(8), FILE(9), FILE(10),
};
struct empty {
    struct xinpgen first, last;
};
#define EMPTY {.first = {.xig_len = sizeof(struct xinpgen)}, .last = {.xig_len = sizeof(struct xinpgen)}}
ANSWER("sysctl net.inet.udp.pcblist") struct empty udp = EMPTY;
ANSWER("sysctl net.local.stream.pcblist") struct empty stream = EMPTY;
ANSWER("sysctl net.local.dgram.pcblist") struct empty datagram = EMPTY;
ANSWER("sysctl net.local.seqpacket.pcblist") struct empty seqpacket = EMPTY;

/* A wide interface: 100 Gbit/s, full duplex. */
ANSWER("ioctl SIOCGIFXMEDIA mce0") struct ifmediareq media = {
    .ifm_name = "mce0", .ifm_current = IFM_ETHER | IFM_100G_CR4 | IFM_FDX, .ifm_active = IFM_ETHER | IFM_100G_CR4 | IFM_FDX,
    .ifm_status = IFM_AVALID | IFM_ACTIVE};
