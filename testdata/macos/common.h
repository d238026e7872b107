/* What the machines of this folder share. */
#include <sys/param.h>
#include <sys/types.h>
#include <sys/time.h>
#include <sys/proc.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/sysctl.h>
#include <sys/proc_info.h>
#include <sys/resource.h>
#include <sys/mount.h>
#include <mach/mach.h>
#include <mach/mach_time.h>
#include <mach/processor_info.h>
#include <mach/vm_statistics.h>
#include <net/if.h>
#include <net/if_dl.h>
#include <net/if_media.h>
#include <net/route.h>
#include <netinet/in.h>
#include <errno.h>
#include <utmpx.h>
#include "private.h"

/* A text without its NUL, as files have it, and with it, as sysctl(3) answers. */
#define TEXT(question, name, text) ANSWER(question) const char name[sizeof(text) - 1] = text
#define STRING(question, name, text) ANSWER(question) const char name[] = text
#define NUMBER(question, name, number) ANSWER(question) const int name = number

/* A process: pid, parent, name, user, seconds and microseconds of its start, and what is special about it. */
#define PROCESS(pid, parent, name, user, seconds, micros, more...)                                          \
    {.kp_proc = {.p_un.__p_starttime = {seconds, micros}, .p_stat = SRUN, .p_pid = pid, .p_comm = name},    \
     .kp_eproc = {.e_ppid = parent, .e_pgid = pid, .e_tdev = NODEV,                                         \
                  .e_pcred = {.p_ruid = user, .p_svuid = user, .p_rgid = 20, .p_svgid = 20},                \
                  .e_ucred = {.cr_uid = user, .cr_ngroups = 1, .cr_groups = {20}}},                         \
     more}

#define PLIST(body) "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "   \
                    "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">\n" body "</plist>\n"
#define PLIST_NUMBER(key, number) "\t\t<key>" key "</key>\n\t\t<integer>" #number "</integer>\n"
#define PLIST_STRING(key, text) "\t\t<key>" key "</key>\n\t\t<string>" text "</string>\n"

/* A whole disk with the statistics of its driver. */
#define DISK(name, reads, writes, bytes_read, bytes_written, read_nanos, write_nanos)                          \
    "\t<dict>\n" PLIST_STRING("BSD Name", name) "\t\t<key>Statistics</key>\n\t\t<dict>\n"                      \
    PLIST_NUMBER("Bytes (Read)", bytes_read) PLIST_NUMBER("Bytes (Write)", bytes_written)                      \
    PLIST_NUMBER("Errors (Read)", 0) PLIST_NUMBER("Errors (Write)", 0)                                         \
    PLIST_NUMBER("Operations (Read)", reads) PLIST_NUMBER("Operations (Write)", writes)                        \
    PLIST_NUMBER("Total Time (Read)", read_nanos) PLIST_NUMBER("Total Time (Write)", write_nanos)              \
    "\t\t</dict>\n\t</dict>\n"

/* The machine's own battery. */
#define BATTERY(percent, state, minutes)                                                                       \
    "\t<dict>\n" PLIST_NUMBER("Current Capacity", percent) PLIST_NUMBER("Max Capacity", 100)                   \
    PLIST_STRING("Power Source State", state) PLIST_NUMBER("Time to Empty", minutes)                           \
    PLIST_STRING("Type", "InternalBattery") "\t</dict>\n"

/* A key of AppleSMC with its type and value, and one that the machine refuses to read. */
#define FOUR(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))
#define SMC(key_, type, size, value...) \
    {.key = FOUR key_, .keyInfo = {.dataSize = size, .dataType = FOUR type}, .bytes = {value}}
#define SP78 ('s', 'p', '7', '8')
#define FPE2 ('f', 'p', 'e', '2')
#define FLT ('f', 'l', 't', ' ')
#define UI8 ('u', 'i', '8', ' ')
#define FDS ('{', 'f', 'd', 's')

/* The lists of all users' sockets: a header, the records of each socket at multiples of 8 bytes, a trailer. */
struct generation {
    struct xgen_n start;
    uint64_t generations[2];
};
#define GENERATION {.start = {24, 0}}
struct listed_socket {
    struct xsocket_n socket;
    struct xsockbuf_n received, unsent;
    struct xsockstat_n counts;
};
struct listed_udp {
    struct xinpcb_n block;
    struct listed_socket common;
};
struct listed_tcp {
    struct xinpcb_n block;
    struct listed_socket common;
    struct xtcpcb_n connection;
    uint32_t padding;
};
struct listed_unix {
    struct xunpcb_n block;
    uint32_t padding;
    struct listed_socket common;
};
_Static_assert(sizeof(struct listed_socket) % 8 == 0 && sizeof(struct listed_tcp) % 8 == 0, "records begin at multiples of 8");
_Static_assert(sizeof(struct listed_udp) % 8 == 0 && sizeof(struct listed_unix) % 8 == 0, "records begin at multiples of 8");
#define START(type, kind) .start = {sizeof(struct type), kind}
#define LISTED(received_, unsent_, socket_...)                                                                  \
    {.socket = {START(xsocket_n, XSO_SOCKET), socket_},                                                         \
     .received = {START(xsockbuf_n, XSO_RCVBUF), .sb_cc = received_},                                           \
     .unsent = {START(xsockbuf_n, XSO_SNDBUF), .sb_cc = unsent_}, .counts = {START(xsockstat_n, XSO_STATS)}}
#define BLOCK(block...) {START(xinpcb_n, XSO_INPCB), block}
#define TCP_STATE(state) {START(xtcpcb_n, XSO_TCPCB), .t_state = state}
