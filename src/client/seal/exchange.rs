//! Two clients agree on keys, in three messages.
//!
//! The first message holds only the hash of a key, so both keys are fixed before either is known to
//! the other side. Without that, a server in the middle could try keys until both users see the same
//! six words. With it, the server has one try, which succeeds once in 2^48.

use ring::{
    agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral},
    digest::{SHA256, digest},
    error::Unspecified,
    hkdf::{HKDF_SHA256, KeyType, Prk, Salt},
    rand::SystemRandom,
};
use zeroize::Zeroizing;

use super::{
    texts::{Opener, Sealer},
    words::words,
};
use crate::names::Nick;

/// Bound into every key, so that another protocol or version with the same keys has other secrets.
const LABEL: &[u8] = b"chat sealed whispers 1";

/// A public key of X25519.
pub(super) type Key = [u8; 32];

/// The hash of a key that is shown later.
pub(super) type Commitment = [u8; 32];

/// What one user has with another: both directions, and the words to compare.
pub(super) struct Seal {
    /// The names that the keys are bound to.
    pub(super) names: Names,
    pub(super) sealer: Sealer,
    pub(super) opener: Opener,
    pub(super) words: String,
}

/// Who exchanges keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Names {
    /// The user of this client.
    pub(super) me: Nick,
    /// The user at the other end.
    pub(super) peer: Nick,
}

/// Why there is no seal.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// The key is not the one whose hash came first.
    OtherKey,
    /// The key is one of the few with which everybody gets the same secret.
    WeakKey,
}

/// The side that starts, until the other key has arrived.
pub(super) struct Hail(Half);

/// The side that answers, until the key has arrived whose hash it knows.
pub(super) struct Answer {
    half: Half,
    pub(super) commitment: Commitment,
}

/// A new key pair, used once, and for whom it is.
struct Half {
    names: Names,
    secret: EphemeralPrivateKey,
    public: Key,
}

impl Hail {
    /// Makes a key.
    pub(super) fn new(names: Names) -> Result<Self, Unspecified> {
        Half::new(names).map(Self)
    }

    /// For whom the key is.
    pub(super) fn names(&self) -> Names {
        self.0.names
    }

    /// What the other side gets first.
    pub(super) fn commitment(&self) -> Commitment {
        commitment(self.0.public)
    }

    /// Takes the other key. Returns our own key, which the other side gets now.
    pub(super) fn agree(self, theirs: Key) -> Result<(Seal, Key), Refused> {
        let ours = self.0.public;
        let Names { me, peer } = self.0.names;
        let transcript = transcript(me, peer, ours, theirs);
        Ok((self.0.agree(theirs, &transcript, [OUTWARD, HOMEWARD])?, ours))
    }
}

impl Answer {
    /// Makes a key as an answer to a hash.
    pub(super) fn new(names: Names, commitment: Commitment) -> Result<Self, Unspecified> {
        Ok(Self { half: Half::new(names)?, commitment })
    }

    /// For whom the key is.
    pub(super) fn names(&self) -> Names {
        self.half.names
    }

    /// What the other side gets now.
    pub(super) fn key(&self) -> Key {
        self.half.public
    }

    /// Takes the other key.
    pub(super) fn agree(self, theirs: Key) -> Result<Seal, Refused> {
        if commitment(theirs) != self.commitment {
            return Err(Refused::OtherKey);
        }
        let Names { me, peer } = self.half.names;
        let transcript = transcript(peer, me, theirs, self.half.public);
        self.half.agree(theirs, &transcript, [HOMEWARD, OUTWARD])
    }
}

/// Purposes of derived secrets: texts of the side that started, texts of the other side, and the words.
const OUTWARD: &[u8] = b"from the one who hails";
const HOMEWARD: &[u8] = b"to the one who hails";
const WORDS: &[u8] = b"words";

impl Half {
    fn new(names: Names) -> Result<Self, Unspecified> {
        let secret = EphemeralPrivateKey::generate(&X25519, &SystemRandom::new())?;
        let public = secret.compute_public_key()?;
        let public = public.as_ref().try_into().map_err(|_| Unspecified)?;
        Ok(Self { names, secret, public })
    }

    /// `purposes` are those of our texts and of theirs.
    fn agree(self, theirs: Key, transcript: &[u8], purposes: [&[u8]; 2]) -> Result<Seal, Refused> {
        let theirs = UnparsedPublicKey::new(&X25519, theirs);
        let agreed =
            agree_ephemeral(self.secret, &theirs, |shared| Salt::new(HKDF_SHA256, LABEL).extract(shared));
        let secret = agreed.map_err(|Unspecified| Refused::WeakKey)?;
        let [ours, theirs] = purposes.map(|purpose| derive::<32>(&secret, purpose, transcript));
        Ok(Seal {
            names: self.names,
            sealer: Sealer::new(&ours),
            opener: Opener::new(&theirs),
            words: words(*derive(&secret, WORDS, transcript)),
        })
    }
}

fn commitment(key: Key) -> Commitment {
    let hashed = digest(&SHA256, &[LABEL, &key].concat());
    hashed.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// Everything that both sides must see in the same way. Names have no zero byte, so nothing is ambiguous.
fn transcript(hailing: Nick, answering: Nick, first: Key, second: Key) -> Vec<u8> {
    let [hailing, answering] = [hailing, answering].map(|nick| nick.as_str().to_ascii_lowercase());
    [hailing.as_bytes(), b"\0", answering.as_bytes(), b"\0", &first, &second].concat()
}

/// Derives a secret of `N` bytes for one purpose (RFC 5869 §2.3).
fn derive<const N: usize>(secret: &Prk, purpose: &[u8], transcript: &[u8]) -> Zeroizing<[u8; N]> {
    let mut derived = Zeroizing::new([0; N]);
    let info = [LABEL, b"\0", purpose, b"\0", transcript];
    let filled = secret.expand(&info, Length(N)).and_then(|okm| okm.fill(&mut *derived));
    filled.expect("HKDF gives up to 255 hashes");
    derived
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::client::seal::message::Message;

    pub(in crate::client::seal) fn nick(name: &str) -> Nick {
        Nick::new(name).unwrap()
    }

    fn names(me: &str, peer: &str) -> Names {
        Names { me: nick(me), peer: nick(peer) }
    }

    /// The two ends of a seal; alice starts.
    pub(in crate::client::seal) fn sealed() -> (Seal, Seal) {
        let hail = Hail::new(names("Alice", "bob")).unwrap();
        let answer = Answer::new(names("Bob", "alice"), hail.commitment()).unwrap();
        let (alice, key) = hail.agree(answer.key()).unwrap();
        (alice, answer.agree(key).unwrap())
    }

    #[test]
    fn both_users_see_the_same_words_and_other_words_the_next_time() {
        let (alice, bob) = sealed();
        assert_eq!(alice.words, bob.words);
        assert_eq!(alice.words.split(' ').count(), 6);
        assert_ne!(alice.words, sealed().0.words);
    }

    #[test]
    fn with_a_server_in_the_middle_the_words_differ() {
        let hail = Hail::new(names("alice", "bob")).unwrap();
        let to_bob = Hail::new(names("alice", "bob")).unwrap();
        let answer = Answer::new(names("bob", "alice"), to_bob.commitment()).unwrap();
        let to_alice = Answer::new(names("bob", "alice"), hail.commitment()).unwrap();
        let (alice, key) = hail.agree(to_alice.key()).unwrap();
        assert_eq!(to_alice.agree(key).unwrap().words, alice.words, "the server's end");
        let (_, key) = to_bob.agree(answer.key()).unwrap();
        assert_ne!(answer.agree(key).unwrap().words, alice.words);
    }

    #[test]
    fn who_talks_to_whom_is_part_of_the_words() {
        let hail = Hail::new(names("alice", "bob")).unwrap();
        let answer = Answer::new(names("bob", "mallory"), hail.commitment()).unwrap();
        let (alice, key) = hail.agree(answer.key()).unwrap();
        assert_ne!(answer.agree(key).unwrap().words, alice.words);
    }

    #[test]
    fn the_example_on_the_page_of_the_course_is_right() {
        let page = include_str!("../../../challenges.md");
        let (_, page) = page.split_once("```vectors\n").unwrap();
        let value = |name| page.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim();
        let byte = |value: &str, at| u8::from_str_radix(&value[2 * at..2 * at + 2], 16).unwrap();
        let key = |name| -> Key { std::array::from_fn(|at| byte(value(name), at)) };
        let (first, second) = (key("alice's key"), key("bob's key"));
        let secret = Salt::new(HKDF_SHA256, LABEL).extract(&key("X25519"));
        let transcript = transcript(nick("Alice"), nick("Bob"), first, second);
        assert_eq!(words(*derive(&secret, WORDS, &transcript)), value("words "));
        let part = Sealer::new(&derive(&secret, OUTWARD, &transcript)).seal("hello", 100).remove(0);
        let hail = Message::Hail(commitment(first)).to_string();
        assert!(hail.starts_with(&format!("seal1 hail {} (", value("seal1 hail "))), "{hail}");
        for message in [Message::Key(second), Message::Open(first), Message::Text(part)] {
            assert!(page.contains(&format!("\n{message}\n")), "{message}");
        }
    }

    #[test]
    fn a_key_that_was_chosen_later_is_refused() {
        let hail = Hail::new(names("alice", "bob")).unwrap();
        let answer = Answer::new(names("bob", "alice"), hail.commitment()).unwrap();
        let later = Hail::new(names("alice", "bob")).unwrap();
        let (_, key) = later.agree(answer.key()).unwrap();
        assert_eq!(answer.agree(key).err(), Some(Refused::OtherKey));
    }

    #[test]
    fn a_key_that_gives_everybody_the_same_secret_is_refused() {
        let mut one = [0; 32];
        one[0] = 1;
        for weak in [[0; 32], one] {
            let hail = Hail::new(names("alice", "bob")).unwrap();
            assert_eq!(hail.agree(weak).err(), Some(Refused::WeakKey));
        }
    }
}
