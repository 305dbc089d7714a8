//! Standard streams and the words for errors.

use crate::report::Report;
use std::io::{self, BufRead, IsTerminal, Write};

pub fn items(report: &mut Report) {
    report.debug("terminals", || (io::stdin().is_terminal(), io::stdout().is_terminal(), io::stderr().is_terminal()));
    report.tried("stdin lines", || io::stdin().lock().lines().collect::<Result<Vec<_>, _>>());
    report.tried("stdin at its end", || io::stdin().read_line(&mut String::new()));
    report.tried("stdout flush", || io::stdout().flush());
    report.tried("stderr", || io::stderr().write(b"on stderr\n"));
    report.debug("print from threads", || {
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..50).for_each(|_| println!("a whole line")));
            }
        });
    });
    for number in [1, 2, 4, 5, 9, 11, 12, 13, 17, 20, 21, 22, 24, 28, 32, 36, 39, 40, 98, 104, 110, 111, 113, 115] {
        report.item(&format!("error {number}"), || {
            let error = io::Error::from_raw_os_error(number);
            format!("{:?}, {error}", error.kind())
        });
    }
    report.item("error unknown", || io::Error::from_raw_os_error(9999));
}
