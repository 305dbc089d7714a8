//! Compress and decompress.

#[no_mangle]
pub extern "C" fn check() -> i32 {
    let text = "the same words again and again, ".repeat(4096);
    let packed = zstd::encode_all(text.as_bytes(), 19).unwrap();
    let unpacked = zstd::decode_all(packed.as_slice()).unwrap();
    let damaged = zstd::decode_all(&packed[1..]).is_err();
    println!("{} {} {}", packed.len() < 200, unpacked == text.as_bytes(), damaged);
    0
}
