/* A list of interfaces, which the headers of all BSDs declare alike: an Ethernet interface that has lost packets, and a tunnel
   with the address of its other end. INTERFACES(question) is the answer. */
#ifdef __OpenBSD__
#define IFM_LENGTH .ifm_hdrlen = sizeof(struct if_msghdr),
#define IFAM_LENGTH .ifam_hdrlen = sizeof(struct ifa_msghdr),
#else
#define IFM_LENGTH
#define IFAM_LENGTH
#endif
/* NetBSD counts packets that were dropped instead of being sent with the errors. */
#ifdef __NetBSD__
#define SEND_DROPS
#else
#define SEND_DROPS .ifi_oqdrops = 14,
#endif
struct link {
    union {
        struct sockaddr_dl address;
        /* The next message begins at a multiple of 8. */
        char bytes[(sizeof(struct sockaddr_dl) + 7) / 8 * 8];
    };
};
#define LINK(number, name)                                                                                              \
    {.address = {.sdl_len = sizeof(struct sockaddr_dl), .sdl_family = AF_LINK, .sdl_index = number, .sdl_nlen = 4,      \
                 .sdl_data = name}}
#define INET(last)                                                                                                       \
    {.sin_len = sizeof(struct sockaddr_in), .sin_family = AF_INET, .sin_addr.s_addr = 10 | (unsigned)(last) << 24}
struct interface {
    struct if_msghdr header;
    struct link link;
} __attribute__((packed));
struct interface_address {
    struct ifa_msghdr header;
    struct sockaddr_in mask, address, other;
} __attribute__((packed));
#define INTERFACE(number, name, flags, data...)                                                                          \
    {.header = {.ifm_msglen = sizeof(struct interface), .ifm_version = RTM_VERSION, .ifm_type = RTM_IFINFO,              \
                .ifm_addrs = RTA_IFP, .ifm_index = number, .ifm_flags = flags, IFM_LENGTH                      \
                .ifm_data = {data}},                                                                                    \
     .link = LINK(number, name)}
#define INTERFACES(question)                                                                                            \
    ANSWER(question) struct {                                                                                            \
        struct interface ethernet, tunnel;                                                                               \
        struct interface_address address;                                                                                \
    } __attribute__((packed)) interfaces = {                                                                             \
        .ethernet = INTERFACE(1, "mce0", IFF_UP | IFF_BROADCAST | IFF_RUNNING,                                           \
                              SEND_DROPS.ifi_mtu = 9000, .ifi_ipackets = 5000000000, .ifi_ibytes = 7000000000000,        \
                              .ifi_ierrors = 11, .ifi_oerrors = 12, .ifi_iqdrops = 13),                                  \
        .tunnel = INTERFACE(2, "tun0", IFF_UP | IFF_POINTOPOINT | IFF_RUNNING, .ifi_mtu = 1500),                         \
        .address = {.header = {.ifam_msglen = sizeof(struct interface_address), .ifam_version = RTM_VERSION,             \
                               .ifam_type = RTM_NEWADDR, .ifam_index = 2,                                                \
                               IFAM_LENGTH.ifam_addrs = RTA_NETMASK | RTA_IFA | RTA_BRD},                                \
                    .mask = {.sin_len = sizeof(struct sockaddr_in), .sin_family = AF_INET, .sin_addr.s_addr = 0xffffffff}, \
                    .address = INET(1), .other = INET(2)},                                                               \
    }
