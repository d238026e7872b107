/* A MacBook with an M4, whose table of frequencies counts kilohertz: four performance and six efficiency cores, its battery
   being charged beside an uninterruptible power supply. */
#include "common.h"

HEADER("page_size 16384");
HEADER("boot_time 1700000000");
HEADER("taken 1700000600.000000000");
HEADER("uid 501");

NUMBER("sysctl hw.logicalcpu", logical, 10);
NUMBER("sysctl hw.physicalcpu", physical, 10);
NUMBER("sysctl sysctl.proc_translated", translated, 0);
NUMBER("sysctl hw.nperflevels", levels, 2);
STRING("sysctl hw.perflevel0.name", name0, "Performance");
NUMBER("sysctl hw.perflevel0.physicalcpu", physical0, 4);
NUMBER("sysctl hw.perflevel0.logicalcpu", logical0, 4);
STRING("sysctl hw.perflevel1.name", name1, "Efficiency");
NUMBER("sysctl hw.perflevel1.physicalcpu", physical1, 6);
NUMBER("sysctl hw.perflevel1.logicalcpu", logical1, 6);
/* 1020 MHz; 1260 MHz, an unused step, 4512 MHz. */
TEXT("call IORegistryEntryCreateCFProperty pmgr", voltages,
     PLIST("<dict>\n\t<key>voltage-states1-sram</key>\n\t<data>\n\tYJAPALwCAAA=\n\t</data>\n"
           "\t<key>voltage-states5-sram</key>\n\t<data>\n\t4DkTALwCAAAAAAAAAAAAAADZRADoAwAA\n\t</data>\n</dict>\n"));
TEXT("call IOPSCopyPowerSourcesList", batteries,
     PLIST("<array>\n\t<dict>\n" PLIST_NUMBER("Current Capacity", 300) PLIST_NUMBER("Max Capacity", 400)
           PLIST_STRING("Power Source State", "AC Power") PLIST_STRING("Type", "UPS") "\t</dict>\n"
           BATTERY(80, "AC Power", 0) "</array>\n"));
/* The boot volume alone, whose disk the driver does not count. */
TEXT("call IOServiceGetMatchingServices IOMedia", disks,
     PLIST("<array>\n\t<dict>\n" PLIST_STRING("BSD Name", "disk0") "\t</dict>\n</array>\n"));

#define P1 PROCESS(1, 0, "launchd", 0, 1700000000, 1)
ANSWER("sysctl kern.proc.all") const struct kinfo_proc all[] = {P1};
ANSWER("sysctl kern.proc.pid.1") const struct kinfo_proc p1 = P1;
