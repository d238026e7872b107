/* Structs that macOS answers with and that no header of its SDK declares. XNU declares those of sockets in bsd/sys/socketvar.h,
   bsd/netinet/in_pcb.h, bsd/netinet/tcp_var.h and bsd/sys/unpcb.h, packed to 4 bytes. Fields that psoxide does not read are
   `other`. Includes sys/types.h, sys/un.h and netinet/in.h before it. */
#ifndef PSOXIDE_PRIVATE_H
#define PSOXIDE_PRIVATE_H
#include <stdint.h>

#pragma pack(push, 4)
/* How each record of a list begins. The list begins and ends with one of 24 bytes: `struct xinpgen`. */
struct xgen_n {
    uint32_t xgn_len, xgn_kind;
};
#define XSO_SOCKET 1
#define XSO_RCVBUF 2
#define XSO_SNDBUF 4
#define XSO_STATS 8
#define XSO_INPCB 0x10
#define XSO_TCPCB 0x20
#define XSO_UNPCB 0x200

struct in_addr_4in6 {
    uint32_t pad[3];
    struct in_addr address;
};
union address_4_or_6 {
    struct in_addr_4in6 v4;
    struct in6_addr v6;
};
struct xinpcb_n {
    struct xgen_n start;
    uint64_t other_pointer;
    uint16_t inp_fport, inp_lport;
    uint64_t other_block, other_generation;
    int other_flags;
    uint32_t other_flow;
    uint8_t inp_vflag, other_ttl, other_protocol;
    union address_4_or_6 inp_dependfaddr, inp_dependladdr;
    struct {
        uint8_t tos;
    } other_v4;
    struct {
        uint8_t hops;
        int checksum;
        uint16_t interface;
        int16_t limit;
    } other_v6;
    uint32_t other_hash, other_flags2;
};
struct xunpcb_n {
    struct xgen_n start;
    uint64_t other_addresses[6];
    int other_counts[3];
    uint64_t other_generation;
    union {
        struct sockaddr_un address;
        char room[256];
    } xu_au, xu_cau;
};
struct xsocket_n {
    struct xgen_n start;
    uint64_t xso_so;
    int16_t so_type;
    uint32_t so_options;
    int16_t other_linger, so_state;
    uint64_t other_block;
    int other_protocol, xso_family;
    int16_t so_qlen, other_queue[3];
    uint16_t other_error;
    int other_group;
    uint32_t other_mark;
    uint32_t so_uid;
    int other_pids[2];
    uint64_t other_generation;
    uint32_t other_flags[5];
};
struct xsockbuf_n {
    struct xgen_n start;
    uint32_t sb_cc, other_limits[3];
    int32_t other_low;
    int16_t other_flags, other_timeout;
};
struct xsockstat_n {
    struct xgen_n start;
    uint64_t other_counts[4][4];
};
struct xtcpcb_n {
    struct xgen_n start;
    uint64_t other_queue;
    int other_acks, other_timers[4], t_state;
    uint32_t other[41];
};
#pragma pack(pop)

/* Apple's open-source power daemon declares it in pmconfigd/PrivateLib.c. */
struct SMCParamStruct {
    uint32_t key;
    struct {
        uint8_t number[4];
        uint16_t release;
    } other_version;
    struct {
        uint16_t version, length;
        uint32_t limits[3];
    } other_limits;
    struct {
        uint32_t dataSize, dataType;
        uint8_t other_attributes;
    } keyInfo;
    uint8_t result, other_status, other_command;
    uint32_t other_index;
    uint8_t bytes[32];
};
#endif
