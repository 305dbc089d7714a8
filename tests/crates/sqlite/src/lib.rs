//! Create a table, fill it in a transaction, ask.

use rusqlite::{params, Connection};

#[no_mangle]
pub extern "C" fn check() -> i32 {
    let mut base = Connection::open("numbers.db").unwrap();
    base.execute("CREATE TABLE numbers (n INTEGER PRIMARY KEY, word TEXT)", []).unwrap();
    let transaction = base.transaction().unwrap();
    for n in 1..=1000 {
        transaction.execute("INSERT INTO numbers VALUES (?1, ?2)", params![n, format!("word {n}")]).unwrap();
    }
    transaction.commit().unwrap();
    let ask = "SELECT sum(n), max(word), avg(n) / 4.0 FROM numbers WHERE n % 2 = 0";
    let found: (i64, String, f64) =
        base.query_row(ask, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    let whole: String = base.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    println!("{} {} {} {whole}", found.0, found.1, found.2);
    drop(base);
    std::fs::remove_file("numbers.db").unwrap();
    0
}
