/* An iMac with an Intel processor, two cores of two threads and a Fusion drive, seen by root: every state of TCP, IPv6 with
   zones, tunnels, no battery. */
#include "common.h"

HEADER("page_size 4096");
HEADER("clock_ticks 100");
HEADER("boot_time 1700000000");
HEADER("taken 1700086400.000000000");
HEADER("uid 0");
HEADER("note Process 700 has a socket in each state of TCP, in the order of TSI_S_CLOSED to TSI_S_TIME_WAIT.");

STRING("sysctl kern.hostname", hostname, "imac.local");
STRING("sysctl kern.ostype", ostype, "Darwin");
STRING("sysctl kern.osrelease", osrelease, "22.6.0");
STRING("sysctl kern.version", version, "Darwin Kernel Version 22.6.0");
STRING("sysctl hw.machine", machine, "x86_64");
ANSWER("sysctl kern.boottime") const struct timeval boot = {.tv_sec = 1700000000};
REFUSED("sysctl sysctl.proc_translated", ENOENT);
REFUSED("sysctl hw.optional.arm64", ENOENT);

/* Processors. The kernel of Intel does not count interrupts. */
NUMBER("sysctl hw.logicalcpu", logical, 4);
NUMBER("sysctl hw.physicalcpu", physical, 2);
NUMBER("sysctl hw.nperflevels", levels, 1);
STRING("sysctl hw.perflevel0.name", name0, "Standard");
NUMBER("sysctl hw.perflevel0.physicalcpu", physical0, 2);
NUMBER("sysctl hw.perflevel0.logicalcpu", logical0, 4);
ANSWER("call host_processor_info cpu_load") const struct processor_cpu_load_info ticks[] = {
    {{1000, 500, 8000, 0}}, {{2000, 250, 7000, 0}}, {{0, 0, 9500, 0}}, {{0, 1, 9499, 0}},
};
REFUSED("call host_processor_info cpu_stat64", ENOTSUP);
ANSWER("sysctl vm.loadavg") const struct loadavg load = {.ldavg = {2048, 2048, 2048}, .fscale = 2048};
REFUSED("call IORegistryEntryCreateCFProperty pmgr", ENOENT);
ANSWER("sysctl hw.cpufrequency") const uint64_t frequency = 3600000000;
REFUSED("sysctl hw.cpufrequency_min", ENOENT);
ANSWER("sysctl hw.cpufrequency_max") const uint64_t max_frequency = 3600000000;
ANSWER("call mach_timebase_info") const struct mach_timebase_info timebase = {.numer = 1, .denom = 1};

/* Memory, and no swap space. */
ANSWER("sysctl hw.memsize") const uint64_t memory_size = 8589934592;
NUMBER("sysctl vm.pagesize", page_size, 4096);
ANSWER("call host_statistics64 vm_info64") const struct vm_statistics64 memory = {
    .free_count = 600000, .active_count = 500000, .inactive_count = 480000, .wire_count = 300000, .speculative_count = 100000,
};
ANSWER("sysctl vm.swapusage") const struct xsw_usage swap = {.xsu_total = 0};

/* The flash and the magnetic disk of a Fusion drive. The container that joins them has no driver of its own. */
TEXT("call IOServiceGetMatchingServices IOMedia", disks,
     PLIST("<array>\n" DISK("disk0", 900000, 400000, 30000000000, 20000000000, 90000000000, 80000000000)
           DISK("disk1", 1000, 2000, 64000000, 128000000, 8000000000, 16000000000) "</array>\n"));
#define ROOT_VOLUME \
    {.f_bsize = 4096, .f_blocks = 250000000, .f_bfree = 150000000, .f_bavail = 150000000, .f_fstypename = "apfs", \
     .f_mntonname = "/", .f_mntfromname = "/dev/disk2s1s1", .f_flags = MNT_RDONLY | MNT_LOCAL | MNT_ROOTFS | MNT_JOURNALED}
ANSWER("call getfsstat") const struct statfs mounts[] = {
    ROOT_VOLUME,
    {.f_bsize = 4096, .f_blocks = 250000000, .f_fstypename = "apfs", .f_mntonname = "/System/Volumes/VM",
     .f_mntfromname = "/dev/disk2s4", .f_flags = MNT_NOEXEC | MNT_LOCAL | MNT_DONTBROWSE | MNT_NOATIME | MNT_JOURNALED},
    {.f_bsize = 1048576, .f_blocks = 4000, .f_fstypename = "smbfs", .f_mntonname = "/Volumes/share",
     .f_mntfromname = "//me@server/share", .f_flags = MNT_NOSUID | MNT_NODEV},
};
ANSWER("call statfs /") const struct statfs root_volume = ROOT_VOLUME;
REFUSED("call getattrlist spaceused /", EINVAL);
TEXT("call IOPSCopyPowerSourcesList", batteries, PLIST("<array/>\n"));
/* 45.5 °C and 61 °C, a sensor that is not fitted, and one fan of 2000.5 revolutions per minute. */
ANSWER("call IOConnectCallStructMethod temperatures") const struct SMCParamStruct temperatures[] = {
    SMC(('T', 'C', '0', 'P'), SP78, 2, 0x2d, 0x80), SMC(('T', 'C', '0', 'D'), SP78, 2, 0x3d, 0),
    SMC(('T', 'G', '0', 'D'), SP78, 2, 0x81, 0),
};
ANSWER("call IOConnectCallStructMethod fans") const struct SMCParamStruct fans[] = {
    SMC(('F', 'N', 'u', 'm'), UI8, 1, 1), SMC(('F', '0', 'A', 'c'), FPE2, 2, 0x1f, 0x42),
};

/* An interface without a cable and a tunnel. */
#pragma pack(push, 4)
ANSWER("sysctl net.route.0.0.iflist2.0") const struct {
    struct if_msghdr2 en0; struct sockaddr_dl en0_link;
    struct if_msghdr2 utun3; struct sockaddr_dl utun3_link;
    struct ifa_msghdr local; struct sockaddr_in6 local_mask, local_address;
    struct ifa_msghdr global; struct sockaddr_in6 global_mask, global_address;
    struct ifa_msghdr v4; struct sockaddr_in v4_mask, v4_address, v4_peer;
    struct if_msghdr2 gone; struct sockaddr_dl gone_link;
} interfaces = {
    {.ifm_msglen = 180, .ifm_version = RTM_VERSION, .ifm_type = RTM_IFINFO2, .ifm_addrs = RTA_IFP, .ifm_index = 4,
     .ifm_flags = IFF_UP | IFF_BROADCAST | IFF_SIMPLEX | IFF_MULTICAST,
     .ifm_data = {.ifi_type = 6, .ifi_mtu = 9000, .ifi_obytes = 1}},
    {.sdl_len = 20, .sdl_family = AF_LINK, .sdl_index = 4, .sdl_type = 6, .sdl_nlen = 3, .sdl_alen = 6, .sdl_data = "en0\2\0\0\0\0\2"},
    {.ifm_msglen = 180, .ifm_version = RTM_VERSION, .ifm_type = RTM_IFINFO2, .ifm_addrs = RTA_IFP, .ifm_index = 11,
     .ifm_flags = IFF_UP | IFF_POINTOPOINT | IFF_RUNNING | IFF_MULTICAST,
     .ifm_data = {.ifi_type = 1, .ifi_mtu = 1380, .ifi_ipackets = 7, .ifi_opackets = 8, .ifi_ibytes = 700, .ifi_obytes = 800}},
    {.sdl_len = 20, .sdl_family = AF_LINK, .sdl_index = 11, .sdl_type = 1, .sdl_nlen = 5, .sdl_data = "utun3"},
    {.ifam_msglen = 76, .ifam_version = RTM_VERSION, .ifam_type = RTM_NEWADDR, .ifam_addrs = RTA_NETMASK | RTA_IFA, .ifam_index = 11},
    {.sin6_len = 28, .sin6_family = AF_INET6, .sin6_addr.__u6_addr.__u6_addr32 = {~0u, ~0u}},
    {.sin6_len = 28, .sin6_family = AF_INET6, .sin6_addr.__u6_addr.__u6_addr8 = {0xfe, 0x80, 0, 11, [15] = 0x17}},
    {.ifam_msglen = 76, .ifam_version = RTM_VERSION, .ifam_type = RTM_NEWADDR, .ifam_addrs = RTA_NETMASK | RTA_IFA, .ifam_index = 11},
    {.sin6_len = 28, .sin6_family = AF_INET6, .sin6_addr.__u6_addr.__u6_addr32 = {~0u, ~0u, ~0u, ~0u}},
    {.sin6_len = 28, .sin6_family = AF_INET6, .sin6_addr.__u6_addr.__u6_addr8 = {0x20, 0x01, 0x0d, 0xb8, [15] = 7}},
    {.ifam_msglen = 68, .ifam_version = RTM_VERSION, .ifam_type = RTM_NEWADDR, .ifam_addrs = RTA_NETMASK | RTA_IFA | RTA_BRD,
     .ifam_index = 11},
    {.sin_len = 16, .sin_family = AF_INET, .sin_addr = {0xffffffff}},
    {.sin_len = 16, .sin_family = AF_INET, .sin_addr = {0x0200000a}},
    {.sin_len = 16, .sin_family = AF_INET, .sin_addr = {0x0100000a}},
    /* It is gone when its media are asked for. */
    {.ifm_msglen = 180, .ifm_version = RTM_VERSION, .ifm_type = RTM_IFINFO2, .ifm_addrs = RTA_IFP, .ifm_index = 12,
     .ifm_data = {.ifi_mtu = 1500}},
    {.sdl_len = 20, .sdl_family = AF_LINK, .sdl_index = 12, .sdl_type = 6, .sdl_nlen = 3, .sdl_data = "en9"},
};
#pragma pack(pop)
ANSWER("ioctl SIOCGIFXMEDIA en0") const struct ifmediareq media = {
    .ifm_name = "en0", .ifm_active = IFM_ETHER | IFM_10G_T | IFM_FDX,
};
REFUSED("ioctl SIOCGIFXMEDIA utun3", EOPNOTSUPP);
REFUSED("ioctl SIOCGIFXMEDIA en9", ENXIO);

ANSWER("call getutxent") const struct utmpx logins[] = {
    {.ut_type = SHUTDOWN_TIME},
    {.ut_type = USER_PROCESS, .ut_user = "me", .ut_line = "ttys000", .ut_host = "192.0.2.9", .ut_pid = 650, .ut_tv = {1700000650}},
};
TEXT("call getpwuid 0", user0, "root");
TEXT("call getpwuid 501", user501, "me");

/* Processes. */
#define P0 PROCESS(0, 0, "kernel_task", 0, 1700000000, 0, .kp_proc.p_flag = P_SYSTEM)
#define P1 PROCESS(1, 0, "launchd", 0, 1700000000, 1)
#define P700 PROCESS(700, 1, "server", 501, 1700000700, 0)
#define P701 PROCESS(701, 700, "exiting", 501, 1700000701, 0, .kp_proc.p_flag = P_WEXIT)
#define P702 PROCESS(702, 700, "forking", 501, 1700000702, 0, .kp_proc.p_flag = P_PPWAIT)
ANSWER("sysctl kern.proc.all") const struct kinfo_proc all[] = {P702, P701, P700, P1, P0};
ANSWER("sysctl kern.proc.pid.0") const struct kinfo_proc p0 = P0;
ANSWER("sysctl kern.proc.pid.1") const struct kinfo_proc p1 = P1;
ANSWER("sysctl kern.proc.pid.700") const struct kinfo_proc p700 = P700;
ANSWER("sysctl kern.proc.pid.701") const struct kinfo_proc p701 = P701;
ANSWER("sysctl kern.proc.pid.702") const struct kinfo_proc p702 = P702;
#define TASK(name_, pid, started, threads, user, system)                                                        \
    {.pbsd = {.pbi_pid = pid, .pbi_name = name_, .pbi_start_tvsec = started, .pbi_start_tvusec = pid == 1},      \
     .ptinfo = {.pti_virtual_size = 4294967296, .pti_resident_size = 104857600, .pti_total_user = user,         \
                .pti_total_system = system, .pti_faults = 2000, .pti_pageins = 30, .pti_csw = 900, .pti_threadnum = threads}}
ANSWER("call proc_pidinfo taskallinfo 0") const struct proc_taskallinfo task0 = TASK("kernel_task", 0, 1700000000, 150, 0, 90000000000);
ANSWER("call proc_pidinfo taskallinfo 1") const struct proc_taskallinfo task1 = TASK("launchd", 1, 1700000000, 4, 1500000000, 2500000000);
ANSWER("call proc_pidinfo taskallinfo 700") const struct proc_taskallinfo task700 = TASK("server", 700, 1700000700, 9, 3000000000, 1000000000);
/* Energy is not measured. */
ANSWER("call proc_pid_rusage 6 700") const struct rusage_info_v6 usage700 = {
    .ri_user_time = 3000000000, .ri_system_time = 1000000000, .ri_phys_footprint = 90000000, .ri_diskio_bytesread = 1048576,
    .ri_diskio_byteswritten = 524288,
};
/* Its program was replaced. */
REFUSED("call proc_pidpath 700", ENOENT);
REFUSED("sysctl kern.procargs2.0", EINVAL);
ANSWER("sysctl kern.procargs2.700") const struct { int count; char text[50]; } arguments700 = {
    2, "/opt/bin/server\0server\0-v\0LANG=C\0_=x\0",
};

/* The kernel keeps the zone, 11, inside the address. */
#define TCP6(fd, state, port)                                                                                           \
    ANSWER("call proc_pidfdinfo socketinfo 700 " #fd) const struct socket_fdinfo socket##fd = {                         \
        .psi = {.soi_so = 0x3000 + fd, .soi_type = SOCK_STREAM, .soi_family = AF_INET6, .soi_kind = SOCKINFO_TCP,       \
                .soi_proto.pri_tcp = {                                                                                  \
                    .tcpsi_state = state,                                                                               \
                    .tcpsi_ini = {.insi_lport = port, .insi_fport = state == TSI_S_LISTEN ? 0 : 0x2823,                 \
                                  .insi_vflag = INI_IPV6,                                                               \
                                  .insi_laddr.ina_6.__u6_addr.__u6_addr8 = {0xfe, 0x80, 0, 11, [15] = 0x17},            \
                                  .insi_faddr.ina_6.__u6_addr.__u6_addr8 = {0xfe, 0x80, 0, 11, [15] = 0x18}}}}}
/* Ports 8000 to 8010, in network order. */
TCP6(20, TSI_S_CLOSED, 0x401f);
TCP6(21, TSI_S_LISTEN, 0x411f);
TCP6(22, TSI_S_SYN_SENT, 0x421f);
TCP6(23, TSI_S_SYN_RECEIVED, 0x431f);
TCP6(24, TSI_S_ESTABLISHED, 0x441f);
TCP6(25, TSI_S__CLOSE_WAIT, 0x451f);
TCP6(26, TSI_S_FIN_WAIT_1, 0x461f);
TCP6(27, TSI_S_CLOSING, 0x471f);
TCP6(28, TSI_S_LAST_ACK, 0x481f);
TCP6(29, TSI_S_FIN_WAIT_2, 0x491f);
TCP6(30, TSI_S_TIME_WAIT, 0x4a1f);
/* Of both families: an address of IPv4 in a socket of IPv6. */
ANSWER("call proc_pidfdinfo socketinfo 700 31") const struct socket_fdinfo socket31 = {
    .psi = {.soi_so = 0x3031, .soi_type = SOCK_STREAM, .soi_family = AF_INET6, .soi_kind = SOCKINFO_TCP,
            .soi_proto.pri_tcp = {.tcpsi_state = TSI_S_ESTABLISHED,
                                  .tcpsi_ini = {.insi_fport = 0x5000, .insi_lport = 0x01c0, .insi_vflag = INI_IPV4,
                                                .insi_faddr.ina_46.i46a_addr4.s_addr = 0x01010101,
                                                .insi_laddr.ina_46.i46a_addr4.s_addr = 0x0200000a}}},
};
/* Two ends of one UNIX socket: the second knows the peer's path. */
ANSWER("call proc_pidfdinfo socketinfo 700 32") const struct socket_fdinfo socket32 = {
    .psi = {.soi_so = 0x3032, .soi_type = SOCK_STREAM, .soi_family = AF_UNIX, .soi_kind = SOCKINFO_UN,
            .soi_proto.pri_un.unsi_caddr.ua_sun = {.sun_len = 18, .sun_family = AF_UNIX, .sun_path = "/var/run/syslog"}},
};
ANSWER("call proc_pidinfo listfds 700") const struct proc_fdinfo files700[] = {
    {20, PROX_FDTYPE_SOCKET}, {21, PROX_FDTYPE_SOCKET}, {22, PROX_FDTYPE_SOCKET}, {23, PROX_FDTYPE_SOCKET},
    {24, PROX_FDTYPE_SOCKET}, {25, PROX_FDTYPE_SOCKET}, {26, PROX_FDTYPE_SOCKET}, {27, PROX_FDTYPE_SOCKET},
    {28, PROX_FDTYPE_SOCKET}, {29, PROX_FDTYPE_SOCKET}, {30, PROX_FDTYPE_SOCKET}, {31, PROX_FDTYPE_SOCKET},
    {32, PROX_FDTYPE_SOCKET}, {33, PROX_FDTYPE_KQUEUE},
};
ANSWER("call proc_pidinfo listfds 1") const struct proc_fdinfo files1[] = {{3, PROX_FDTYPE_KQUEUE}};
/* A sandbox refuses the list of TCP, and the kernel of a later macOS is the first with those of UNIX sockets. The lists of
   UDP have a header alone: there is no socket. */
REFUSED("sysctl net.inet.tcp.pcblist_n", EPERM);
ANSWER("sysctl net.inet.udp.pcblist_n") const struct generation udp_list = GENERATION;
REFUSED("sysctl net.local.stream.pcblist_n", ENOENT);
REFUSED("sysctl net.local.dgram.pcblist_n", ENOENT);
/* Both end while they are read. */
REFUSED("call proc_pidinfo listfds 701", ESRCH);
REFUSED("call proc_pidinfo listfds 702", ESRCH);
