// A task with another security label is refused by name, and keeps it.
// rows: X3
// attr: needs=apparmor
// refused: kind=lsm-label
#include "security.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	NEEDS(zdtm_apparmor(), "apparmor");
	return zdtm_hold_label((struct zdtm_choice){"current", "changeprofile"});
}
