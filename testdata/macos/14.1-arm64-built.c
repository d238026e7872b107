/* A MacBook with a core of each kind, on battery, seen by the user 501: a program under Rosetta, a zombie, a stopped process,
   and a process of another user. Its sockets are those of two processes of the user and of processes of root. */
#include "common.h"

HEADER("page_size 16384");
HEADER("clock_ticks 100");
HEADER("boot_time 1700000000");
HEADER("taken 1700000600.000000000");
HEADER("uid 501");
HEADER("note Process 504 belongs to another user; 502 is a zombie; 501 runs under Rosetta; 503 is stopped; 505 leads a session.");

STRING("sysctl kern.hostname", hostname, "mac.local");
STRING("sysctl kern.ostype", ostype, "Darwin");
STRING("sysctl kern.osrelease", osrelease, "23.1.0");
STRING("sysctl kern.version", version, "Darwin Kernel Version 23.1.0");
STRING("sysctl hw.machine", machine, "arm64");
ANSWER("sysctl kern.boottime") const struct timeval boot = {.tv_sec = 1700000000};
NUMBER("sysctl sysctl.proc_translated", translated, 0);
NUMBER("sysctl hw.optional.arm64", arm64, 1);

/* Processors: a performance core and an efficiency core. */
NUMBER("sysctl hw.logicalcpu", logical, 2);
NUMBER("sysctl hw.physicalcpu", physical, 2);
NUMBER("sysctl hw.nperflevels", levels, 2);
STRING("sysctl hw.perflevel0.name", name0, "Performance");
NUMBER("sysctl hw.perflevel0.physicalcpu", physical0, 1);
NUMBER("sysctl hw.perflevel0.logicalcpu", logical0, 1);
STRING("sysctl hw.perflevel1.name", name1, "Efficiency");
NUMBER("sysctl hw.perflevel1.physicalcpu", physical1, 1);
NUMBER("sysctl hw.perflevel1.logicalcpu", logical1, 1);
ANSWER("call host_processor_info cpu_load") const struct processor_cpu_load_info ticks[] = {
    {{[CPU_STATE_USER] = 100, [CPU_STATE_SYSTEM] = 50, [CPU_STATE_IDLE] = 800, [CPU_STATE_NICE] = 5}},
    {{[CPU_STATE_USER] = 200, [CPU_STATE_SYSTEM] = 25, [CPU_STATE_IDLE] = 700}},
};
ANSWER("call host_processor_info cpu_stat64") const struct processor_cpu_stat64 interrupts[] = {
    {.irq_ex_cnt = 1000, .ipi_cnt = 200, .timer_cnt = 30, .data_ex_cnt = 7},
    {.irq_ex_cnt = 4000, .ipi_cnt = 500, .timer_cnt = 60},
};
ANSWER("sysctl vm.loadavg") const struct loadavg load = {.ldavg = {1024, 2048, 4096}, .fscale = 2048};
/* 600 MHz to 2424 MHz; 660 MHz to 3504 MHz: frequency and voltage of each step, of 32 bits. */
TEXT("call IORegistryEntryCreateCFProperty pmgr", voltages,
     PLIST("<dict>\n\t<key>voltage-states1-sram</key>\n\t<data>\n\tAEbDIxUDAAAABFw2FQMAAMACJlPQAgAAAE57kEYDAAA=\n\t</data>\n"
           "\t<key>voltage-states5-sram</key>\n\t<data>\n\tAM1WJxUDAAAA0BtQFQMAAADM2tCABAAA\n\t</data>\n</dict>\n"));
ANSWER("call mach_timebase_info") const struct mach_timebase_info timebase = {.numer = 125, .denom = 3};

/* Memory. */
ANSWER("sysctl hw.memsize") const uint64_t memory_size = 8192 * 16384;
NUMBER("sysctl vm.pagesize", page_size, 16384);
ANSWER("call host_statistics64 vm_info64") const struct vm_statistics64 memory = {
    .free_count = 1000, .active_count = 2000, .inactive_count = 1500, .wire_count = 700, .speculative_count = 100,
    .pageins = 30, .pageouts = 40, .swapins = 3, .swapouts = 4, .compressor_page_count = 50,
};
ANSWER("sysctl vm.swapusage") const struct xsw_usage swap = {
    .xsu_total = 1 << 30, .xsu_avail = (1 << 30) - (1 << 28), .xsu_used = 1 << 28,
};

/* Disks and the volumes of an APFS container. */
TEXT("call IOServiceGetMatchingServices IOMedia", disks,
     PLIST("<array>\n" DISK("disk0", 40000, 30000, 1638400000, 819200000, 20000000000, 5000000000)
           DISK("disk4", 12, 0, 49152, 0, 3000000, 0)
           "\t<dict>\n" PLIST_STRING("BSD Name", "disk5") "\t</dict>\n</array>\n"));
#define ROOT_VOLUME \
    {.f_bsize = 4096, .f_blocks = 1000, .f_bfree = 400, .f_bavail = 300, .f_fstypename = "apfs", .f_mntonname = "/", \
     .f_mntfromname = "/dev/disk3s1s1", .f_flags = MNT_RDONLY | MNT_LOCAL | MNT_ROOTFS | MNT_JOURNALED}
ANSWER("call getfsstat") const struct statfs mounts[] = {
    ROOT_VOLUME,
    {.f_bsize = 512, .f_blocks = 396, .f_fstypename = "devfs", .f_mntonname = "/dev", .f_mntfromname = "devfs"},
    {.f_bsize = 4096, .f_blocks = 1000, .f_bfree = 400, .f_bavail = 300, .f_fstypename = "apfs",
     .f_mntonname = "/System/Volumes/Data", .f_mntfromname = "/dev/disk3s5",
     .f_flags = MNT_LOCAL | MNT_DONTBROWSE | MNT_JOURNALED},
    {.f_bsize = 4096, .f_blocks = 50, .f_fstypename = "hfs", .f_mntonname = "/Volumes/Install Disk",
     .f_mntfromname = "/dev/disk4s2",
     .f_flags = MNT_RDONLY | MNT_NOSUID | MNT_QUARANTINE | MNT_LOCAL | MNT_REMOVABLE | MNT_IGNORE_OWNERSHIP},
    {.f_bsize = 1024, .f_fstypename = "autofs", .f_mntonname = "/System/Volumes/Data/home", .f_mntfromname = "map auto_home",
     .f_flags = MNT_DONTBROWSE | MNT_AUTOMOUNTED},
    {.f_bsize = 4096, .f_blocks = 50, .f_fstypename = "smbfs", .f_mntonname = "/Volumes/share",
     .f_mntfromname = "//guest@nas/share", .f_flags = MNT_NODEV | MNT_NOSUID},
};
ANSWER("call statfs /") const struct statfs root_volume = ROOT_VOLUME;
/* The other volumes of the container use the rest of the 600 blocks that are not free. */
#pragma pack(push, 4)
ANSWER("call getattrlist spaceused /") const struct { uint32_t length; uint64_t used; } space = {12, 250 * 4096};
#pragma pack(pop)

TEXT("call IOPSCopyPowerSourcesList", batteries, PLIST("<array>\n" BATTERY(62, "Battery Power", 214) "</array>\n"));
/* Apple silicon answers for the battery, not for its cores. Two fans, the second without a name. */
ANSWER("call IOConnectCallStructMethod temperatures") const struct SMCParamStruct temperatures[] = {
    SMC(('T', 'B', '0', 'T'), FLT, 4, 0, 0, 0xfa, 0x41), SMC(('T', 'B', '1', 'T'), FLT, 4, 0, 0, 0xfc, 0x41),
    SMC(('T', 'W', '0', 'P'), FLT, 4, 0, 0, 0x29, 0x42), SMC(('T', 'C', '0', 'P'), UI8, 1, 40),
};
ANSWER("call IOConnectCallStructMethod fans") const struct SMCParamStruct fans[] = {
    SMC(('F', 'N', 'u', 'm'), UI8, 1, 2), SMC(('F', '0', 'I', 'D'), FDS, 16, 0, 0, 0, 0, 'L', 'e', 'f', 't'),
    SMC(('F', '0', 'A', 'c'), FLT, 4, 0, 0x40, 0xa8, 0x44), SMC(('F', '1', 'A', 'c'), FLT, 4, 0, 0x20, 0xa9, 0x44),
};

/* Interfaces, as route messages. */
#pragma pack(push, 4)
ANSWER("sysctl net.route.0.0.iflist2.0") const struct {
    struct if_msghdr2 en0; struct sockaddr_dl en0_link;
    struct ifa_msghdr v4; struct sockaddr_in v4_mask; struct sockaddr_dl v4_interface; struct sockaddr_in v4_address, v4_broadcast;
    struct ifa_msghdr v6; struct sockaddr_in6 v6_mask, v6_address;
    struct if_msghdr2 lo0; struct sockaddr_dl lo0_link;
} interfaces = {
    {.ifm_msglen = 180, .ifm_version = RTM_VERSION, .ifm_type = RTM_IFINFO2, .ifm_addrs = RTA_IFP, .ifm_index = 4,
     .ifm_flags = IFF_UP | IFF_BROADCAST | IFF_NOTRAILERS | IFF_RUNNING | IFF_SIMPLEX | IFF_MULTICAST,
     .ifm_data = {.ifi_type = 6, .ifi_mtu = 1500, .ifi_ipackets = 10, .ifi_ierrors = 1, .ifi_opackets = 20, .ifi_oerrors = 2,
                  .ifi_ibytes = 5000000000, .ifi_obytes = 6000, .ifi_iqdrops = 3}},
    {.sdl_len = 20, .sdl_family = AF_LINK, .sdl_index = 4, .sdl_type = 6, .sdl_nlen = 3, .sdl_alen = 6, .sdl_data = "en0\2\0\0\0\0\1"},
    {.ifam_msglen = 88, .ifam_version = RTM_VERSION, .ifam_type = RTM_NEWADDR,
     .ifam_addrs = RTA_NETMASK | RTA_IFP | RTA_IFA | RTA_BRD, .ifam_index = 4},
    {.sin_len = 16, .sin_family = AF_INET, .sin_addr = {0x00ffffff}},
    {.sdl_len = 20, .sdl_family = AF_LINK, .sdl_index = 4, .sdl_nlen = 3, .sdl_data = "en0"},
    {.sin_len = 16, .sin_family = AF_INET, .sin_addr = {0x0500a8c0}},
    {.sin_len = 16, .sin_family = AF_INET, .sin_addr = {0xff00a8c0}},
    {.ifam_msglen = 76, .ifam_version = RTM_VERSION, .ifam_type = RTM_NEWADDR, .ifam_addrs = RTA_NETMASK | RTA_IFA, .ifam_index = 4},
    {.sin6_len = 28, .sin6_family = AF_INET6, .sin6_addr.__u6_addr.__u6_addr32 = {~0u, ~0u}},
    /* The kernel puts the number of the interface into link-local addresses. */
    {.sin6_len = 28, .sin6_family = AF_INET6, .sin6_addr.__u6_addr.__u6_addr8 = {0xfe, 0x80, 0, 4, [15] = 9}},
    {.ifm_msglen = 180, .ifm_version = RTM_VERSION, .ifm_type = RTM_IFINFO2, .ifm_addrs = RTA_IFP, .ifm_index = 1,
     .ifm_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING | IFF_MULTICAST, .ifm_data = {.ifi_type = 24, .ifi_mtu = 16384}},
    {.sdl_len = 20, .sdl_family = AF_LINK, .sdl_index = 1, .sdl_type = 24, .sdl_nlen = 3, .sdl_data = "lo0"},
};
#pragma pack(pop)
ANSWER("ioctl SIOCGIFXMEDIA en0") const struct ifmediareq media = {
    .ifm_name = "en0", .ifm_active = IFM_ETHER | IFM_1000_T | IFM_FDX,
};
REFUSED("ioctl SIOCGIFXMEDIA lo0", EOPNOTSUPP);

ANSWER("call getutxent") const struct utmpx logins[] = {
    {.ut_type = BOOT_TIME, .ut_tv = {1700000000}},
    {.ut_type = USER_PROCESS, .ut_user = "me", .ut_line = "console", .ut_pid = 300, .ut_tv = {1700000060, 500000}},
    {.ut_type = DEAD_PROCESS, .ut_user = "old", .ut_line = "ttys001"},
};
TEXT("call getpwuid 0", user0, "root");
TEXT("call getpwuid 501", user501, "me");
REFUSED("call getpwuid 502", ENOENT);
STRING("call devname 268435458", terminal, "ttys002");

/* Processes. */
#define P0 PROCESS(0, 0, "kernel_task", 0, 1700000010, 0, .kp_proc.p_flag = P_SYSTEM)
#define P1 PROCESS(1, 0, "launchd", 0, 1700000010, 1)
#define P501 PROCESS(501, 1, "averyveryverylon", 501, 1700000100, 250000, .kp_proc.p_flag = P_TRANSLATED, .kp_proc.p_nice = 5, \
                     .kp_eproc.e_tdev = 0x10000002)
#define P502 PROCESS(502, 501, "zombie", 501, 1700000010, 3, .kp_proc.p_stat = SZOMB)
#define P503 PROCESS(503, 1, "stopped", 501, 1700000010, 4, .kp_proc.p_stat = SSTOP)
#define P504 PROCESS(504, 1, "other", 502, 1700000010, 5)
#define P505 PROCESS(505, 1, "zsh", 501, 1700000010, 6, .kp_eproc.e_flag = EPROC_SLEADER)
ANSWER("sysctl kern.proc.all") const struct kinfo_proc all[] = {P505, P504, P503, P502, P501, P1, P0};
ANSWER("sysctl kern.proc.pid.0") const struct kinfo_proc p0 = P0;
ANSWER("sysctl kern.proc.pid.1") const struct kinfo_proc p1 = P1;
ANSWER("sysctl kern.proc.pid.501") const struct kinfo_proc p501 = P501;
ANSWER("sysctl kern.proc.pid.502") const struct kinfo_proc p502 = P502;
ANSWER("sysctl kern.proc.pid.503") const struct kinfo_proc p503 = P503;
ANSWER("sysctl kern.proc.pid.504") const struct kinfo_proc p504 = P504;
ANSWER("sysctl kern.proc.pid.505") const struct kinfo_proc p505 = P505;

/* The program under Rosetta. */
ANSWER("call proc_pidinfo taskallinfo 501") const struct proc_taskallinfo task501 = {
    .pbsd = {.pbi_pid = 501, .pbi_name = "averyveryverylongname", .pbi_nfiles = 11, .pbi_start_tvsec = 1700000100,
             .pbi_start_tvusec = 250000},
    .ptinfo = {.pti_virtual_size = 1 << 30, .pti_resident_size = 8 << 20, .pti_total_user = 48000000,
               .pti_total_system = 12000000, .pti_faults = 100, .pti_pageins = 7, .pti_csw = 55, .pti_threadnum = 2},
};
ANSWER("call proc_pid_rusage 6 501") const struct rusage_info_v6 usage501 = {
    .ri_user_time = 48000000, .ri_system_time = 12000000, .ri_pageins = 7, .ri_wired_size = 1 << 20,
    .ri_resident_size = 8 << 20, .ri_phys_footprint = 6 << 20, .ri_lifetime_max_phys_footprint = 9 << 20,
    .ri_diskio_bytesread = 4096, .ri_diskio_byteswritten = 8192, .ri_energy_nj = 2500000000, .ri_penergy_nj = 1500000000,
};
STRING("call proc_pidpath 501", path501, "/Applications/Long/averyveryverylongname");
ANSWER("sysctl kern.procargs2.501") const struct { int count; char text[109]; } arguments501 = {
    3, "/Applications/Long/averyverylongname\0\0\0\0averyverylongname\0\0-x y\0HOME=/Users/me\0EMPTY=\0",
};
ANSWER("call proc_pidinfo vnodepathinfo 501") const struct proc_vnodepathinfo directories501 = {
    .pvi_cdir.vip_path = "/Users/me",
};
ANSWER("call proc_pidinfo listthreads 501") const uint64_t handles501[] = {0x7000, 0x8000};
ANSWER("call proc_pidinfo threadinfo 501 0x7000") const struct proc_threadinfo thread7000 = {
    .pth_user_time = 1500000000, .pth_system_time = 250000000, .pth_name = "main", .pth_run_state = TH_STATE_WAITING,
};
/* It ended after it was listed. */
REFUSED("call proc_pidinfo threadinfo 501 0x8000", ESRCH);
ANSWER("call proc_pidinfo listthreadids 501") const uint64_t threads501[] = {4243, 4242, 4244, 4245};
ANSWER("call proc_pidinfo threadid64info 501 4242") const struct proc_threadinfo thread4242 = {
    .pth_user_time = 1500000000, .pth_system_time = 250000000, .pth_name = "main", .pth_run_state = TH_STATE_WAITING,
};
ANSWER("call proc_pidinfo threadid64info 501 4243") const struct proc_threadinfo thread4243 = {
    .pth_user_time = 500000000, .pth_run_state = TH_STATE_RUNNING,
};
REFUSED("call proc_pidinfo threadid64info 501 4244", ESRCH);
ANSWER("call proc_pidinfo threadid64info 501 4245") const struct proc_threadinfo thread4245 = {
    .pth_name = "disk", .pth_run_state = TH_STATE_UNINTERRUPTIBLE,
};
ANSWER("call proc_pidinfo listfds 501") const struct proc_fdinfo files501[] = {
    {0, PROX_FDTYPE_VNODE}, {3, PROX_FDTYPE_VNODE}, {4, PROX_FDTYPE_VNODE}, {5, PROX_FDTYPE_PIPE}, {10, PROX_FDTYPE_SOCKET},
    {11, PROX_FDTYPE_SOCKET}, {12, PROX_FDTYPE_SOCKET}, {13, PROX_FDTYPE_SOCKET}, {14, PROX_FDTYPE_SOCKET},
    {15, PROX_FDTYPE_SOCKET}, {16, PROX_FDTYPE_VNODE},
};
ANSWER("call proc_pidfdinfo vnodepathinfo 501 0") const struct vnode_fdinfowithpath file0 = {
    .pvip = {.vip_vi.vi_stat.vst_mode = 020666, .vip_path = "/dev/null"},
};
ANSWER("call proc_pidfdinfo vnodepathinfo 501 3") const struct vnode_fdinfowithpath file3 = {
    .pfi.fi_offset = 12, .pvip = {.vip_vi.vi_stat.vst_mode = 0100644, .vip_path = "/Users/me/notes.txt"},
};
/* It was closed after it was listed. */
REFUSED("call proc_pidfdinfo vnodepathinfo 501 4", EBADF);
ANSWER("call proc_pidfdinfo socketinfo 501 10") const struct socket_fdinfo socket10 = {
    .psi = {.soi_so = 0x1010, .soi_type = SOCK_STREAM, .soi_family = AF_INET, .soi_kind = SOCKINFO_TCP,
            .soi_rcv.sbi_cc = 300, .soi_snd.sbi_cc = 4096,
            .soi_proto.pri_tcp = {.tcpsi_state = TSI_S_ESTABLISHED,
                                  .tcpsi_ini = {.insi_fport = 0x50c3, .insi_lport = 0x901f, .insi_vflag = INI_IPV4,
                                                .insi_faddr.ina_46.i46a_addr4.s_addr = 0x0202000a,
                                                .insi_laddr.ina_46.i46a_addr4.s_addr = 0x0100007f}}},
};
/* A listener that the stopped process has inherited. The kernel keeps the zone, 4, inside the address. */
#define LISTENER                                                                                                           \
    {.psi = {.soi_so = 0x1011, .soi_type = SOCK_STREAM, .soi_family = AF_INET6, .soi_kind = SOCKINFO_TCP,                  \
             .soi_options = SO_ACCEPTCONN, .soi_qlen = 2,                                                                  \
             .soi_proto.pri_tcp = {.tcpsi_state = TSI_S_LISTEN,                                                            \
                                   .tcpsi_ini = {.insi_lport = 0x1600, .insi_vflag = INI_IPV6,                             \
                                                 .insi_laddr.ina_6.__u6_addr.__u6_addr8 = {0xfe, 0x80, 0, 4, [15] = 1}}}}}
ANSWER("call proc_pidfdinfo socketinfo 501 11") const struct socket_fdinfo socket11 = LISTENER;
ANSWER("call proc_pidfdinfo socketinfo 501 12") const struct socket_fdinfo socket12 = {
    .psi = {.soi_so = 0x1012, .soi_type = SOCK_DGRAM, .soi_family = AF_INET, .soi_kind = SOCKINFO_IN,
            .soi_proto.pri_in = {.insi_lport = 0xe914, .insi_vflag = INI_IPV4}},
};
ANSWER("call proc_pidfdinfo socketinfo 501 13") const struct socket_fdinfo socket13 = {
    .psi = {.soi_so = 0x1013, .soi_type = SOCK_STREAM, .soi_family = AF_UNIX, .soi_kind = SOCKINFO_UN,
            .soi_proto.pri_un.unsi_addr.ua_sun = {.sun_len = 18, .sun_family = AF_UNIX, .sun_path = "/tmp/launch.sock"}},
};
ANSWER("call proc_pidfdinfo socketinfo 501 14") const struct socket_fdinfo socket14 = {
    .psi = {.soi_type = SOCK_DGRAM, .soi_family = AF_SYSTEM, .soi_kind = SOCKINFO_KERN_CTL},
};
/* After it was listed, it was closed and a file was opened by its number. */
REFUSED("call proc_pidfdinfo socketinfo 501 15", ENOTSOCK);
/* A file that was removed: the kernel does not know its path. */
ANSWER("call proc_pidfdinfo vnodepathinfo 501 16") const struct vnode_fdinfowithpath file16 = {
    .pvip.vip_vi.vi_stat.vst_mode = 0100600,
};

/* The stopped process. */
ANSWER("call proc_pidinfo taskallinfo 503") const struct proc_taskallinfo task503 = {
    .pbsd = {.pbi_pid = 503, .pbi_name = "stopped", .pbi_start_tvsec = 1700000010, .pbi_start_tvusec = 4},
    .ptinfo = {.pti_virtual_size = 4096, .pti_resident_size = 4096, .pti_threadnum = 1},
};
ANSWER("call proc_pidinfo listfds 503") const struct proc_fdinfo files503[] = {
    {0, PROX_FDTYPE_PIPE}, {7, PROX_FDTYPE_SOCKET}, {8, PROX_FDTYPE_SOCKET},
};
/* The second descriptor was duplicated. */
ANSWER("call proc_pidfdinfo socketinfo 503 7") const struct socket_fdinfo socket503 = LISTENER;
ANSWER("call proc_pidfdinfo socketinfo 503 8") const struct socket_fdinfo duplicate503 = LISTENER;
/* A protected process: the kernel leaves the environment out. */
ANSWER("sysctl kern.procargs2.503") const struct { int count; char text[18]; } arguments503 = {1, "/bin/stopped\0stop"};

/* The sockets of all users: those above, sshd's, a connection in TIME_WAIT that no process holds, mDNSResponder's, a flow of the
   network stack in user space, and the system log's. */
ANSWER("sysctl net.inet.tcp.pcblist_n") const struct {
    struct generation header; struct listed_tcp sockets[4]; struct generation trailer;
} tcp_list = {
    GENERATION,
    {
        {BLOCK(.inp_fport = 0x50c3, .inp_lport = 0x901f, .inp_vflag = INI_IPV4, .inp_dependfaddr.v4.address.s_addr = 0x0202000a,
               .inp_dependladdr.v4.address.s_addr = 0x0100007f),
         LISTED(300, 4096, .xso_so = 0x1010, .so_type = SOCK_STREAM, .xso_family = AF_INET, .so_uid = 501),
         TCP_STATE(TSI_S_ESTABLISHED)},
        {BLOCK(.inp_lport = 0x1600, .inp_vflag = INI_IPV6,
               .inp_dependladdr.v6.__u6_addr.__u6_addr8 = {0xfe, 0x80, 0, 4, [15] = 1}),
         LISTED(0, 0, .xso_so = 0x1011, .so_type = SOCK_STREAM, .so_options = SO_ACCEPTCONN, .xso_family = AF_INET6,
                .so_qlen = 2, .so_uid = 501),
         TCP_STATE(TSI_S_LISTEN)},
        {BLOCK(.inp_lport = 0x1600, .inp_vflag = INI_IPV4),
         LISTED(0, 0, .xso_so = 0x2001, .so_type = SOCK_STREAM, .so_options = SO_ACCEPTCONN, .xso_family = AF_INET, .so_qlen = 5),
         TCP_STATE(TSI_S_LISTEN)},
        {BLOCK(.inp_fport = 0xbb01, .inp_lport = 0x02c0, .inp_vflag = INI_IPV6,
               .inp_dependfaddr.v6.__u6_addr.__u6_addr8 = {0x20, 0x01, 0x0d, 0xb8, [15] = 9},
               .inp_dependladdr.v6.__u6_addr.__u6_addr8 = {0x20, 0x01, 0x0d, 0xb8, [15] = 5}),
         LISTED(0, 0), TCP_STATE(TSI_S_TIME_WAIT)},
    },
    GENERATION,
};
ANSWER("sysctl net.inet.udp.pcblist_n") const struct {
    struct generation header; struct listed_udp sockets[3]; struct generation trailer;
} udp_list = {
    GENERATION,
    {
        {BLOCK(.inp_lport = 0xe914, .inp_vflag = INI_IPV4),
         LISTED(0, 0, .xso_so = 0x1012, .so_type = SOCK_DGRAM, .xso_family = AF_INET, .so_uid = 501)},
        {BLOCK(.inp_lport = 0xe914, .inp_vflag = INI_IPV4 | INI_IPV6),
         LISTED(120, 0, .xso_so = 0x2002, .so_type = SOCK_DGRAM, .xso_family = AF_INET6, .so_uid = 65)},
        {BLOCK(.inp_fport = 0xbb01, .inp_lport = 0x03c0, .inp_vflag = INI_IPV4, .inp_dependfaddr.v4.address.s_addr = 0x01010101,
               .inp_dependladdr.v4.address.s_addr = 0x0500a8c0),
         LISTED(0, 0)},
    },
    GENERATION,
};
ANSWER("sysctl net.local.stream.pcblist_n") const struct {
    struct generation header; struct listed_unix sockets[2]; struct generation trailer;
} stream_list = {
    GENERATION,
    {
        {{START(xunpcb_n, XSO_UNPCB), .xu_au.address = {.sun_len = 18, .sun_family = AF_UNIX, .sun_path = "/tmp/launch.sock"}}, 0,
         LISTED(0, 0, .xso_so = 0x1013, .so_type = SOCK_STREAM, .xso_family = AF_UNIX, .so_uid = 501)},
        {{START(xunpcb_n, XSO_UNPCB), .xu_cau.address = {.sun_len = 12, .sun_family = AF_UNIX, .sun_path = "/var/run/x"}}, 0,
         LISTED(10, 20, .xso_so = 0x2003, .so_type = SOCK_STREAM, .so_state = 2, .xso_family = AF_UNIX)},
    },
    GENERATION,
};
ANSWER("sysctl net.local.dgram.pcblist_n") const struct {
    struct generation header; struct listed_unix sockets[1]; struct generation trailer;
} dgram_list = {
    GENERATION,
    {
        {{START(xunpcb_n, XSO_UNPCB), .xu_au.address = {.sun_len = 17, .sun_family = AF_UNIX, .sun_path = "/var/run/syslog"}}, 0,
         LISTED(0, 0, .xso_so = 0x2004, .so_type = SOCK_DGRAM, .xso_family = AF_UNIX)},
    },
    GENERATION,
};

/* The leader of a session: another process has taken its pid since the table was read. */
ANSWER("call proc_pidinfo taskallinfo 505") const struct proc_taskallinfo task505 = {
    .pbsd = {.pbi_pid = 505, .pbi_name = "thief", .pbi_start_tvsec = 1700000599},
    .ptinfo = {.pti_threadnum = 1},
};
ANSWER("call proc_pidinfo listfds 505") const struct proc_fdinfo files505[] = {{0, PROX_FDTYPE_VNODE}};
REFUSED("call proc_pidfdinfo vnodepathinfo 505 0", EBADF);

/* What the kernel refuses: bsd/kern/proc_info.c of XNU. */
REFUSED("call proc_pidinfo taskallinfo 0", EPERM);
REFUSED("call proc_pidinfo taskallinfo 1", EPERM);
REFUSED("call proc_pidinfo taskallinfo 504", EPERM);
REFUSED("call proc_pidinfo listfds 1", EPERM);
REFUSED("call proc_pidinfo listfds 504", EPERM);
REFUSED("call proc_pidinfo listthreads 504", EPERM);
REFUSED("call proc_pidinfo listthreadids 504", EPERM);
REFUSED("call proc_pidinfo vnodepathinfo 504", EPERM);
REFUSED("call proc_pid_rusage 6 0", EPERM);
REFUSED("call proc_pid_rusage 6 1", EPERM);
REFUSED("call proc_pid_rusage 6 504", EPERM);
REFUSED("sysctl kern.procargs2.504", EINVAL);
STRING("call proc_pidpath 504", path504, "/usr/local/bin/other");
STRING("call proc_pidpath 1", path1, "/sbin/launchd");

/* Of a zombie there is no task. */
REFUSED("call proc_pidinfo taskallinfo 502", ESRCH);
REFUSED("call proc_pidinfo listfds 502", ESRCH);
REFUSED("call proc_pidinfo listthreads 502", ESRCH);
REFUSED("call proc_pidinfo listthreadids 502", ESRCH);
REFUSED("call proc_pidinfo vnodepathinfo 502", ESRCH);
REFUSED("call proc_pidpath 502", ESRCH);
REFUSED("sysctl kern.procargs2.502", EINVAL);
ANSWER("call proc_pid_rusage 6 502") const struct rusage_info_v6 usage502 = {.ri_user_time = 24000, .ri_energy_nj = 9};
