/* The layouts that glibc's 64-bit names were compiled with, held against the headers this is compiled with.

   The numbers are glibc's; a test holds them against glibc's own headers. */

#define _GNU_SOURCE
#include <dirent.h>
#include <glob.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#define HAS(type, member, at) _Static_assert(offsetof(struct type, member) == (at), #type "." #member)

_Static_assert(sizeof(off_t) == 8, "off_t");
_Static_assert(sizeof(fpos_t) == 16, "fpos_t");
_Static_assert(sizeof(struct dirent) == 280, "dirent");
HAS(dirent, d_ino, 0);
HAS(dirent, d_off, 8);
HAS(dirent, d_reclen, 16);
HAS(dirent, d_type, 18);
HAS(dirent, d_name, 19);
_Static_assert(sizeof(struct rlimit) == 16, "rlimit");
HAS(rlimit, rlim_cur, 0);
HAS(rlimit, rlim_max, 8);
#if defined __x86_64__
_Static_assert(sizeof(struct stat) == 144, "stat");
HAS(stat, st_dev, 0);
HAS(stat, st_ino, 8);
HAS(stat, st_nlink, 16);
HAS(stat, st_mode, 24);
HAS(stat, st_uid, 28);
HAS(stat, st_gid, 32);
HAS(stat, st_rdev, 40);
HAS(stat, st_size, 48);
HAS(stat, st_blksize, 56);
HAS(stat, st_blocks, 64);
HAS(stat, st_atim, 72);
HAS(stat, st_mtim, 88);
HAS(stat, st_ctim, 104);
_Static_assert(sizeof(struct statvfs) == 112, "statvfs");
HAS(statvfs, f_bsize, 0);
HAS(statvfs, f_frsize, 8);
HAS(statvfs, f_blocks, 16);
HAS(statvfs, f_bfree, 24);
HAS(statvfs, f_bavail, 32);
HAS(statvfs, f_files, 40);
HAS(statvfs, f_ffree, 48);
HAS(statvfs, f_favail, 56);
HAS(statvfs, f_fsid, 64);
HAS(statvfs, f_flag, 72);
HAS(statvfs, f_namemax, 80);
_Static_assert(sizeof(struct statfs) == 120, "statfs");
HAS(statfs, f_type, 0);
HAS(statfs, f_bsize, 8);
HAS(statfs, f_blocks, 16);
HAS(statfs, f_bfree, 24);
HAS(statfs, f_bavail, 32);
HAS(statfs, f_files, 40);
HAS(statfs, f_ffree, 48);
HAS(statfs, f_fsid, 56);
HAS(statfs, f_namelen, 64);
HAS(statfs, f_frsize, 72);
HAS(statfs, f_flags, 80);
#else
#error "the layout of struct stat was compared on x86-64 only"
#endif
