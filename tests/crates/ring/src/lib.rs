//! Hash, sign, verify, encrypt and decrypt.

use ring::{aead, digest, signature};
use signature::KeyPair;

#[no_mangle]
pub extern "C" fn check() -> i32 {
    let hash = digest::digest(&digest::SHA256, b"abc");
    let hex: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let pair = signature::Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let signed = pair.sign(b"message");
    let public = signature::UnparsedPublicKey::new(&signature::ED25519, pair.public_key().as_ref());
    let verified = public.verify(b"message", signed.as_ref()).is_ok();
    let forged = public.verify(b"another", signed.as_ref()).is_ok();
    let key = aead::LessSafeKey::new(aead::UnboundKey::new(&aead::AES_256_GCM, &[1; 32]).unwrap());
    let nonce = || aead::Nonce::assume_unique_for_key([0; 12]);
    let mut text = b"secret".to_vec();
    key.seal_in_place_append_tag(nonce(), aead::Aad::empty(), &mut text).unwrap();
    let sealed = text != b"secret";
    let opened = key.open_in_place(nonce(), aead::Aad::empty(), &mut text).unwrap() == b"secret";
    println!("{hex} {verified} {forged} {sealed} {opened}");
    0
}
