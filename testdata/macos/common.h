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
