//! Files, directories, links, metadata.

use crate::report::Report;
use std::fs::{self, File, FileTimes, OpenOptions, Permissions};
use std::io::{BufRead, BufReader, IoSlice, Read, Seek, SeekFrom, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{symlink, DirBuilderExt, FileExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, SystemTime};

pub fn items(report: &mut Report) {
    let place = report.place();
    contents(report, &place);
    metadata(report, &place);
    directories(report, &place);
    links(report, &place);
    kernel(report);
}

fn contents(report: &mut Report, place: &Path) {
    let path = place.join("file");
    report.tried("file write", || fs::write(&path, "first line\nsecond\n"));
    report.tried("file read", || fs::read_to_string(&path));
    report.tried("file lines", || BufReader::new(File::open(&path)?).lines().collect::<Result<Vec<_>, _>>());
    report.tried("file append", || {
        OpenOptions::new().append(true).open(&path)?.write_all(b"third")?;
        fs::read(&path).map(|bytes| bytes.len())
    });
    report.tried("file seek", || {
        let mut file = File::open(&path)?;
        let end = file.seek(SeekFrom::End(-5))?;
        let mut rest = String::new();
        file.read_to_string(&mut rest)?;
        file.rewind()?;
        Ok((end, rest, file.stream_position()?, file.seek(SeekFrom::Current(-1)).map_err(|error| error.kind())))
    });
    report.tried("file read at", || {
        let file = OpenOptions::new().read(true).write(true).open(&path)?;
        file.write_all_at(b"FIRST", 0)?;
        let mut bytes = [0; 7];
        file.read_exact_at(&mut bytes, 3)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    });
    report.tried("file write vectored", || {
        let mut file = File::create(place.join("vectored"))?;
        file.write_vectored(&[IoSlice::new(b"one"), IoSlice::new(b"two")])
    });
    report.tried("file set_len", || {
        let file = OpenOptions::new().write(true).open(&path)?;
        file.set_len(4)?;
        file.sync_data()?;
        file.sync_all()?;
        fs::read_to_string(&path)
    });
    report.tried("file large", || {
        let file = File::create(place.join("sparse"))?;
        file.set_len(5 << 30)?;
        file.write_all_at(b"x", (5 << 30) - 1)?;
        fs::metadata(place.join("sparse")).map(|found| found.len())
    });
    report.tried("file create_new on a file", || File::create_new(&path).map(|_| ()));
    report.tried("file open absent", || File::open(place.join("absent")).map(|_| ()));
    report.tried("file open a directory to write", || OpenOptions::new().write(true).open(place).map(|_| ()));
    report.tried("file open below a file", || File::open(path.join("below")).map(|_| ()));
    report.tried("file name with a NUL", || File::open("a\0b").map(|_| ()));
    report.tried("file name too long", || File::open("n".repeat(5000)).map(|_| ()));
    report.tried("file copy", || {
        fs::set_permissions(&path, Permissions::from_mode(0o640))?;
        let size = fs::copy(&path, place.join("copy"))?;
        Ok((size, fs::metadata(place.join("copy"))?.mode() & 0o777))
    });
    report.tried("file rename", || {
        fs::rename(place.join("copy"), place.join("renamed"))?;
        Ok((place.join("copy").exists(), place.join("renamed").exists()))
    });
    report.tried("file remove", || fs::remove_file(place.join("renamed")));
    report.tried("file remove absent", || fs::remove_file(place.join("renamed")));
    report.tried("file clone shares the offset", || {
        let mut file = File::open(&path)?;
        let mut twin = file.try_clone()?;
        file.read_exact(&mut [0; 2])?;
        twin.stream_position()
    });
    report.tried("file lock", || {
        let (one, two) = (File::open(&path)?, File::open(&path)?);
        one.lock()?;
        let refused = two.try_lock().is_err();
        one.unlock()?;
        Ok((refused, two.try_lock().is_ok()))
    });
    report.tried("file close-on-exec", || {
        let file = File::open(&path)?;
        let flags = fs::read_to_string(format!("/proc/self/fdinfo/{}", file.as_raw_fd()))?;
        Ok(flags.lines().find(|line| line.starts_with("flags:")).map(|line| line.contains("02")))
    });
}

fn metadata(report: &mut Report, place: &Path) {
    let path = place.join("file");
    report.tried("metadata", || {
        let found = fs::metadata(&path)?;
        Ok((found.len(), found.is_file(), found.is_dir(), found.nlink(), found.mode() & 0o777, found.blksize() > 0))
    });
    report.tried("metadata is the kernel's", || {
        let (one, two) = (fs::metadata(&path)?, File::open(&path)?.metadata()?);
        Ok((one.ino() == two.ino(), one.dev() == two.dev(), one.mtime() > 1_700_000_000, one.created().is_ok()))
    });
    report.tried("metadata of devices", || {
        let found = fs::metadata("/dev/null")?;
        Ok((found.file_type().is_char_device(), found.rdev()))
    });
    report.tried("metadata absent", || fs::metadata(place.join("absent")).map(|_| ()));
    report.tried("permissions", || {
        fs::set_permissions(&path, Permissions::from_mode(0o400))?;
        let found = fs::metadata(&path)?.permissions();
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        Ok((found.readonly(), found.mode() & 0o7777))
    });
    report.tried("mode at creation", || {
        OpenOptions::new().write(true).create(true).mode(0o604).open(place.join("mode"))?;
        Ok(fs::metadata(place.join("mode"))?.mode() & 0o777)
    });
    report.tried("times", || {
        let when = SystemTime::UNIX_EPOCH + Duration::new(1_000_000_000, 123_456_789);
        let later = when + Duration::from_secs(1 << 33);
        File::open(&path)?.set_times(FileTimes::new().set_modified(later).set_accessed(when))?;
        let found = fs::metadata(&path)?;
        Ok((found.mtime(), found.mtime_nsec(), found.atime(), found.modified()? == later))
    });
    report.tried("owner", || {
        let found = fs::metadata(&path)?;
        std::os::unix::fs::chown(&path, Some(found.uid()), Some(found.gid()))
    });
}

fn directories(report: &mut Report, place: &Path) {
    let tree = place.join("tree");
    report.tried("dir create all", || fs::create_dir_all(tree.join("a/b/c")));
    report.tried("dir create twice", || fs::create_dir(&tree));
    report.tried("dir mode", || {
        fs::DirBuilder::new().mode(0o700).create(tree.join("private"))?;
        Ok(fs::metadata(tree.join("private"))?.mode() & 0o777)
    });
    report.tried("dir read", || {
        for number in 0..300 {
            fs::write(tree.join(format!("a/{number:03}")), "")?;
        }
        let mut found = Vec::new();
        for entry in fs::read_dir(tree.join("a"))? {
            let entry = entry?;
            let same = entry.metadata()?.ino() == std::os::unix::fs::DirEntryExt::ino(&entry);
            found.push((entry.file_name(), entry.file_type()?.is_dir(), same));
        }
        found.sort();
        Ok((found.len(), found.first().cloned(), found.last().cloned()))
    });
    report.tried("dir read a file", || fs::read_dir(place.join("file")).map(|_| ()));
    report.tried("dir remove full", || fs::remove_dir(&tree));
    report.tried("dir remove a file", || fs::remove_dir(place.join("file")));
    report.tried("dir remove all", || fs::remove_dir_all(&tree).map(|()| tree.exists()));
    report.tried("dir rename over a full one", || {
        fs::create_dir_all(place.join("full/inner"))?;
        fs::create_dir(place.join("other"))?;
        fs::rename(place.join("other"), place.join("full"))
    });
}

fn links(report: &mut Report, place: &Path) {
    let (path, link) = (place.join("file"), place.join("link"));
    report.tried("link symbolic", || {
        symlink("file", &link)?;
        Ok((fs::read_link(&link)?, fs::symlink_metadata(&link)?.is_symlink(), fs::metadata(&link)?.is_file()))
    });
    report.tried("link canonical", || Ok(fs::canonicalize(&link)? == fs::canonicalize(&path)?));
    report.tried("link to itself", || {
        symlink("loop", place.join("loop"))?;
        fs::read(place.join("loop"))
    });
    report.tried("link hard", || {
        fs::hard_link(&path, place.join("hard"))?;
        Ok(fs::metadata(&path)?.nlink())
    });
    report.tried("link read of a file", || fs::read_link(&path));
    report.tried("exists through a dangling link", || {
        symlink("nowhere", place.join("dangling"))?;
        place.join("dangling").try_exists()
    });
}

fn kernel(report: &mut Report) {
    report.tried("proc status", || {
        let status = fs::read_to_string("/proc/self/status")?;
        Ok(status.lines().any(|line| line == format!("Pid:\t{}", std::process::id())))
    });
    report.tried("proc comm", || fs::read_to_string("/proc/self/comm").map(|name| !name.is_empty()));
    report.tried("dev full", || OpenOptions::new().write(true).open("/dev/full")?.write_all(b"x"));
    report.tried("read a directory as a file", || fs::read("/proc"));
}
