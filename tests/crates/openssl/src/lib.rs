//! Hash, derive a key, and make a certificate that signs itself.

use openssl::{asn1::Asn1Time, bn::BigNum, hash::MessageDigest, pkcs5, pkey::PKey, rsa::Rsa, version, x509};

#[no_mangle]
pub extern "C" fn check() -> i32 {
    let hash = openssl::hash::hash(MessageDigest::sha256(), b"abc").unwrap();
    let hex: String = hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let mut derived = [0; 8];
    pkcs5::pbkdf2_hmac(b"password", b"salt", 1000, MessageDigest::sha512(), &mut derived).unwrap();
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let mut name = x509::X509Name::builder().unwrap();
    name.append_entry_by_text("CN", "static").unwrap();
    let name = name.build();
    let mut made = x509::X509::builder().unwrap();
    made.set_serial_number(&BigNum::from_u32(1).unwrap().to_asn1_integer().unwrap()).unwrap();
    made.set_subject_name(&name).unwrap();
    made.set_issuer_name(&name).unwrap();
    made.set_pubkey(&key).unwrap();
    made.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    made.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
    made.sign(&key, MessageDigest::sha256()).unwrap();
    let verified = made.build().verify(&key).unwrap();
    let flags = version::c_flags();
    let paths = ["/root", "/home", "/tmp"].iter().any(|place| flags.contains(place));
    println!("{hex} {derived:02x?} {verified} {paths} {}", version::version());
    0
}
