/* What do names of users and groups answer here? */
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    struct passwd *user = getpwnam("root");
    printf("getpwnam root: %s\n", user != NULL ? user->pw_dir : "nothing");
    user = getpwuid(0);
    printf("getpwuid 0: %s\n", user != NULL ? user->pw_name : "nothing");
    struct group *group = getgrgid(0);
    printf("getgrgid 0: %s\n", group != NULL ? group->gr_name : "nothing");
    gid_t groups[8];
    int count = 8;
    printf("getgrouplist root: %d\n", getgrouplist("root", 0, groups, &count) >= 0 ? count : -1);
    return 0;
}
