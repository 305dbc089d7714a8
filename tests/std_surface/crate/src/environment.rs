//! Arguments, environment, directories.

use crate::report::Report;
use std::env;
use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

pub fn items(report: &mut Report) {
    report.debug("args", || env::args_os().skip(1).collect::<Vec<_>>());
    report.item("args count", || env::args_os().count());
    report.item("args[0] names this file", || {
        let name = env::args_os().next().unwrap();
        std::fs::canonicalize(name).unwrap() == env::current_exe().unwrap()
    });
    report.item("args as String", || {
        let valid = env::args_os().all(|word| word.to_str().is_some());
        valid == std::panic::catch_unwind(|| env::args().count()).is_ok()
    });
    report.item("args in reverse", || env::args_os().rev().count());
    report.item("args in a thread", || std::thread::spawn(|| env::args_os().count()).join().unwrap());
    report.debug("env var", || env::var("STD_SURFACE"));
    report.debug("env var absent", || env::var("STD_SURFACE_ABSENT"));
    report.debug("env var not unicode", || env::var_os("STD_SURFACE_BYTES").map(OsStringExt::into_vec));
    report.debug("env set", || {
        env::set_var("STD_SURFACE_SET", "one");
        let first = env::var("STD_SURFACE_SET");
        env::set_var("STD_SURFACE_SET", "a longer value than the first one");
        (first, env::var("STD_SURFACE_SET"))
    });
    report.debug("env remove", || {
        env::remove_var("STD_SURFACE_SET");
        env::var("STD_SURFACE_SET")
    });
    report.debug("env iterate", || {
        env::set_var("STD_SURFACE_ADDED", "2");
        let mut ours: Vec<_> = env::vars_os().filter(|(name, _)| name.as_bytes().starts_with(b"STD_SURFACE")).collect();
        ours.sort();
        env::remove_var("STD_SURFACE_ADDED");
        ours
    });
    report.debug("env split paths", || env::split_paths("/a::/b c").collect::<Vec<_>>());
    report.debug("env join paths", || env::join_paths(["/a", "b:c"]).map_err(|error| error.to_string()));
    report.item("current dir", || env::current_dir().unwrap() == std::fs::canonicalize(".").unwrap());
    report.item("set current dir", || {
        let before = env::current_dir().unwrap();
        env::set_current_dir("/proc/self").unwrap();
        let seen = std::path::Path::new("status").exists();
        env::set_current_dir(before).unwrap();
        seen
    });
    report.item("current exe", || env::current_exe().unwrap().is_absolute());
    report.debug("temp dir", || {
        let before = env::var_os("TMPDIR");
        env::remove_var("TMPDIR");
        let found = env::temp_dir();
        if let Some(value) = before {
            env::set_var("TMPDIR", value);
        }
        found
    });
    report.item("home dir from the environment", || {
        let before = env::var_os("HOME");
        env::set_var("HOME", "/some/where");
        let found = home();
        match before {
            Some(value) => env::set_var("HOME", value),
            None => env::remove_var("HOME"),
        }
        found
    });
    report.item("home dir from the user database", || {
        let before = env::var_os("HOME");
        env::remove_var("HOME");
        let found = home();
        if let Some(value) = before {
            env::set_var("HOME", value);
        }
        found
    });
    report.item("os str", || OsStr::from_bytes(b"f\xffo").to_string_lossy().into_owned());
    report.item("constants", || format!("{} {}", env::consts::OS, env::consts::FAMILY));
}

#[allow(deprecated)]
fn home() -> String {
    format!("{:?}", env::home_dir())
}
