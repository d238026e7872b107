/* The same kernel answers by the headers of FreeBSD 15, and what no recorded machine had: the cache of ZFS, two packages of two
   cores with two threads each, interfaces that have lost packets, a tunnel. */
#define OTHER_TOPOLOGY
#include "14.0-amd64-built.c"

#include <sys/sysctl.h>
#include <sys/vmmeter.h>
#include <net/if_dl.h>
#include <net/route.h>
#include "interfaces.h"

ANSWER("sysctl hw.physmem") unsigned long memory = 8589934592;
ANSWER("sysctl vm.stats.vm.v_free_count") unsigned pages_free = 100000;
ANSWER("sysctl vm.stats.vm.v_active_count") unsigned pages_active = 200000;
ANSWER("sysctl vm.stats.vm.v_inactive_count") unsigned pages_inactive = 300000;
ANSWER("sysctl vm.stats.vm.v_wire_count") unsigned pages_wired = 400000;
REFUSED("sysctl vm.stats.vm.v_cache_count", 2);
ANSWER("sysctl vm.vmtotal") struct vmtotal total = {.t_vmshr = 1000, .t_rmshr = 500};
ANSWER("sysctl vfs.bufspace") long buffers = 123456789;
ANSWER("sysctl kstat.zfs.misc.arcstats.size") unsigned long arc = 1234567890;

ANSWER("sysctl kern.sched.topology_spec") char topology[] =
    "<groups>\n"
    " <group level=\"1\" cache-level=\"0\">\n"
    "  <cpu count=\"8\" mask=\"ff\">0, 1, 2, 3, 4, 5, 6, 7</cpu>\n"
    "  <children>\n"
    "   <group level=\"2\" cache-level=\"3\">\n"
    "    <cpu count=\"4\" mask=\"f\">0, 1, 2, 3</cpu>\n"
    "    <children>\n"
    "     <group level=\"3\" cache-level=\"2\">\n"
    "      <cpu count=\"2\" mask=\"3\">0, 1</cpu>\n"
    "      <flags><flag name=\"THREAD\">THREAD group</flag><flag name=\"SMT\">SMT group</flag></flags>\n"
    "     </group>\n"
    "     <group level=\"3\" cache-level=\"2\">\n"
    "      <cpu count=\"2\" mask=\"c\">2, 3</cpu>\n"
    "      <flags><flag name=\"THREAD\">THREAD group</flag><flag name=\"SMT\">SMT group</flag></flags>\n"
    "     </group>\n"
    "    </children>\n"
    "   </group>\n"
    "   <group level=\"2\" cache-level=\"3\">\n"
    "    <cpu count=\"4\" mask=\"f0\">4, 5, 6, 7</cpu>\n"
    "    <children>\n"
    "     <group level=\"3\" cache-level=\"2\">\n"
    "      <cpu count=\"2\" mask=\"30\">4, 5</cpu>\n"
    "      <flags><flag name=\"THREAD\">THREAD group</flag><flag name=\"SMT\">SMT group</flag></flags>\n"
    "     </group>\n"
    "     <group level=\"3\" cache-level=\"2\">\n"
    "      <cpu count=\"2\" mask=\"c0\">6, 7</cpu>\n"
    "      <flags><flag name=\"THREAD\">THREAD group</flag><flag name=\"SMT\">SMT group</flag></flags>\n"
    "     </group>\n"
    "    </children>\n"
    "   </group>\n"
    "  </children>\n"
    " </group>\n"
    "</groups>\n";

INTERFACES("sysctl net.route.0.0.iflist.0");
REFUSED("ioctl SIOCGIFXMEDIA tun0", 22);
REFUSED("ioctl SIOCGIFMEDIA tun0", 22);
