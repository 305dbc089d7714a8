//! Compress and decompress with zlib, and check a sum.

use libz_sys::{compress2, crc32, uncompress, zlibVersion, Z_OK};
use std::ffi::CStr;

#[no_mangle]
pub extern "C" fn check() -> i32 {
    let text = "the same words again and again, ".repeat(4096);
    let mut packed = vec![0; 1 << 20];
    let mut size = packed.len() as libz_sys::uLongf;
    let mut unpacked = vec![0; text.len()];
    let mut whole = unpacked.len() as libz_sys::uLongf;
    unsafe {
        assert_eq!(compress2(packed.as_mut_ptr(), &mut size, text.as_ptr(), text.len() as _, 9), Z_OK);
        assert_eq!(uncompress(unpacked.as_mut_ptr(), &mut whole, packed.as_ptr(), size), Z_OK);
        let sum = crc32(0, b"123456789".as_ptr(), 9);
        let version = CStr::from_ptr(zlibVersion()).to_str().unwrap();
        println!("{} {} {sum:08x} {version}", size < 1000, unpacked == text.as_bytes());
    }
    0
}
