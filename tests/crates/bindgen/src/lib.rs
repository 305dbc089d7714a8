//! Ask the C library's own headers how large its structures are, and call it through what they say.

#![allow(dead_code, non_camel_case_types, non_snake_case, non_upper_case_globals)]

include!(concat!(env!("OUT_DIR"), "/headers.rs"));

#[no_mangle]
pub extern "C" fn check() -> i32 {
    let mut facts: stat = unsafe { std::mem::zeroed() };
    let found = unsafe { stat(c"/".as_ptr(), &mut facts) };
    let directory = facts.st_mode & S_IFMT == S_IFDIR;
    println!("{found} {directory} {} {}", std::mem::size_of::<utmpx>(), std::mem::size_of::<jmp_buf>());
    0
}
