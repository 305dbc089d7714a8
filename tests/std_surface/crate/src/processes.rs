//! Child processes: output, ends, what they inherit.

use crate::children::{command, ending, run_child, text};
use crate::report::Report;
use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

pub fn items(report: &mut Report) {
    output(report);
    ends(report);
    inherited(report);
    failures(report);
}

fn output(report: &mut Report) {
    report.tried("command output", || Command::new("echo").arg("a word").output().map(|done| text(&done.stdout)));
    report.tried("command status", || Command::new("false").status().map(ending));
    report.tried("command shell", || {
        Command::new("sh")
            .args(["-c", "echo one; echo two >&2; exit 3"])
            .output()
            .map(|done| (ending(done.status), text(&done.stdout), text(&done.stderr)))
    });
    report.debug("command arguments", || {
        run_child("print", &[OsStr::new(""), OsStr::new("two words"), OsStr::from_bytes(b"\xff\xfe"), OsStr::new("\"")])
    });
    report.tried("command pipes", || {
        let mut child = command("echo").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        child.stdin.take().unwrap().write_all(b"through a pipe")?;
        let done = child.wait_with_output()?;
        Ok((text(&done.stdout), text(&done.stderr)))
    });
    report.tried("command large output", || {
        let done =
            Command::new("sh").args(["-c", "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2"]).output()?;
        Ok((done.stdout.len(), done.stderr.len()))
    });
    report.tried("command pipeline", || {
        let mut first = command("print").arg("first").stdout(Stdio::piped()).spawn()?;
        let second = command("echo").stdin(first.stdout.take().unwrap()).stderr(Stdio::null()).output()?;
        first.wait()?;
        Ok(text(&second.stdout))
    });
    report.tried("command to a file", || {
        let path = std::env::temp_dir().join(format!("std-surface-out-{}", std::process::id()));
        let file = std::fs::File::create(&path)?;
        command("print").arg("x").stdout(file).status()?;
        let found = std::fs::read_to_string(&path)?;
        std::fs::remove_file(path)?;
        Ok(found)
    });
    report.tried("anonymous pipe", || {
        let (mut reader, writer) = io::pipe()?;
        let mut child = command("print").arg("piped").stdout(writer).spawn()?;
        let mut all = String::new();
        reader.read_to_string(&mut all)?;
        child.wait()?;
        Ok(all)
    });
}

fn ends(report: &mut Report) {
    report.debug("exit code 0", || run_child("code", &[OsStr::new("0")]));
    report.debug("exit code 255", || run_child("code", &[OsStr::new("255")]));
    report.debug("exit code 256", || run_child("code", &[OsStr::new("256")]));
    report.debug("abort", || run_child("abort", &[]));
    report.debug("output without a newline", || run_child("unflushed", &[]));
    report.tried("kill", || {
        let mut child = command("sleep").spawn()?;
        let running = child.try_wait()?.is_none();
        child.kill()?;
        Ok((running, ending(child.wait()?), child.kill().map_err(|error| error.kind())))
    });
    report
        .tried("signal", || Command::new("sh").args(["-c", "kill -TERM $$"]).status().map(|status| status.to_string()));
    report.tried("broken pipe in a child", || {
        let mut child = command("pipe").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        drop(child.stdout.take());
        let done = child.wait_with_output()?;
        Ok((ending(done.status), text(&done.stderr)))
    });
}

fn inherited(report: &mut Report) {
    report.tried("command directory", || command("where").current_dir("/proc").output().map(|done| text(&done.stdout)));
    report.tried("command environment", || {
        let done =
            command("environment").env_clear().env("ONE", "1").env("BYTES", OsStr::from_bytes(b"\xff")).output()?;
        Ok(text(&done.stdout))
    });
    report.tried("command found in the child's PATH", || {
        Command::new("echo").env("PATH", "/nowhere").output().map(|_| ())
    });
    report.tried("command argument zero", || {
        Command::new("sh").arg0("another").args(["-c", "echo $0"]).output().map(|done| text(&done.stdout))
    });
    report.tried("command pre_exec", || {
        let mut child = Command::new("sh");
        child.args(["-c", "ls /proc/self/fd/77 2>/dev/null"]);
        // SAFETY: opening and duplicating a descriptor is allowed between fork and exec.
        unsafe {
            child.pre_exec(|| {
                if dup2(1, 77) < 0 {
                    return Err(io::Error::last_os_error());
                }
                Ok(())
            });
        }
        child.output().map(|done| text(&done.stdout))
    });
    report.tried("command pre_exec fails", || {
        let mut child = Command::new("sh");
        // SAFETY: nothing is done.
        unsafe { child.pre_exec(|| Err(io::Error::from_raw_os_error(7))) };
        child.spawn().map(|_| ())
    });
    report.tried("command process group", || {
        let mut child = Command::new("sh");
        child.args(["-c", "read a b c d group rest < /proc/self/stat; echo $((group == $$))"]).process_group(0);
        child.output().map(|done| text(&done.stdout))
    });
    report.tried("command user", || {
        // SAFETY: it only asks.
        let (user, group) = unsafe { (getuid(), getgid()) };
        Command::new("true").uid(user).gid(group).status().map(ending)
    });
    report.tried("signals a child ignores", || {
        let found = Command::new("sed").args(["-n", "s/^SigIgn:.//p", "/proc/self/status"]).output()?;
        // The C libraries keep 32 and the next few for themselves.
        let bits = u64::from_str_radix(&text(&found.stdout), 16).unwrap();
        Ok(bits & 0x7fff_ffff)
    });
    report.tried("signals a child blocks", || {
        let found = Command::new("grep").args(["SigBlk", "/proc/self/status"]).output()?;
        Ok(text(&found.stdout))
    });
    report.debug("exec", || run_child("exec", &[]));
}

fn failures(report: &mut Report) {
    report.tried("command absent", || Command::new("no-such-program-anywhere").spawn().map(|_| ()));
    report.tried("command absent by path", || Command::new("/no/such/program").spawn().map(|_| ()));
    report.tried("command not executable", || Command::new("/proc/self/status").spawn().map(|_| ()));
    report.tried("command is a directory", || Command::new("/proc").spawn().map(|_| ()));
    report.tried("command in an absent directory", || Command::new("true").current_dir("/no/such").spawn().map(|_| ()));
    report.tried("command with a NUL", || Command::new("a\0b").spawn().map(|_| ()));
}

/// Become another program.
pub fn replace() {
    let error = Command::new("sh").args(["-c", "echo replaced; exit 9"]).exec();
    println!("{error}");
}

extern "C" {
    fn dup2(from: i32, to: i32) -> i32;
    fn getuid() -> u32;
    fn getgid() -> u32;
}
