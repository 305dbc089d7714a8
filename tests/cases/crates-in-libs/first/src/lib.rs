#[no_mangle]
pub extern "C" fn first() -> i32 {
    i32::from_str_radix("1", 10).unwrap_or(-1)
}
