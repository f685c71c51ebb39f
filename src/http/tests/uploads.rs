//! Bodies that are read piece by piece.

use super::*;

/// A decoder that leaves the bodies of `PUT` to others.
fn uploading() -> Decoder {
    Decoder::with_uploads(|request| request.method == Method::Put)
}

/// What is read of an upload with this header whose body comes in pieces of this length: the content, and how it ended.
fn uploaded(header: &str, body: &[u8], piece: usize) -> (Vec<u8>, Result<bool, u16>) {
    let (mut decoder, mut read) = (uploading(), Vec::new());
    decoder.feed(format!("PUT /x HTTP/1.1\r\nHost: a\r\n{header}\r\n\r\n").as_bytes());
    let Some(Input::Upload(request, mut upload)) = decoder.next_input() else { panic!("{header}") };
    assert!(request.is_last && request.body.is_empty());
    assert_eq!((decoder.next_input(), decoder.kept()), (None, 0), "the rest is not its business");
    for piece in body.chunks(piece) {
        upload.feed(piece);
        loop {
            match upload.content() {
                Ok(Content::Bytes(bytes)) => {
                    // Taken in two parts.
                    let length = bytes.len().div_ceil(2);
                    read.extend(&bytes[..length]);
                    upload.take(length);
                }
                Ok(Content::NotYet) => break,
                Ok(Content::End) => return (read, Ok(true)),
                Err(problem) => return (read, Err(problem.status.code())),
            }
        }
    }
    (read, Ok(false))
}

#[test]
fn a_large_body_is_read_piece_by_piece_however_it_is_cut() {
    let chunks = b"5;x=y\r\nhello\r\n00001\r\n \r\n5\r\nworld\r\n0\r\nT: 1\r\n\r\nGET /";
    for piece in 1..=chunks.len() {
        assert_eq!(
            uploaded("Transfer-Encoding: chunked", chunks, piece),
            (b"hello world".to_vec(), Ok(true))
        );
        let known = uploaded("Content-Length: 11", b"hello worldGET /", piece);
        assert_eq!(known, (b"hello world".to_vec(), Ok(true)));
    }
    assert_eq!(uploaded("Content-Length: 12", b"hello world", 3), (b"hello world".to_vec(), Ok(false)));
    assert_eq!(uploaded("Content-Length: 0", b"x", 1), (Vec::new(), Ok(true)));
    for wrong in [&b"5\r\nhello!\r\n"[..], b"5\nhello\n", b"x\r\n", b"5\r\nhello\r\n0\r\n: x\r\n"] {
        assert_eq!(uploaded("Transfer-Encoding: chunked", wrong, 1).1, Err(400));
    }
    let huge = b"10000000000000000\r\n";
    assert_eq!(uploaded("Transfer-Encoding: chunked", huge, 1).1, Err(413));
}

#[test]
fn a_large_body_has_no_limit_and_takes_no_memory() {
    let megabyte = [b"100000\r\n", &vec![b'x'; 1 << 20][..], b"\r\n"].concat();
    let mut decoder = uploading();
    decoder.feed(b"PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    let Some(Input::Upload(_, mut upload)) = decoder.next_input() else { panic!("an upload") };
    let mut length = 0;
    for piece in megabyte.repeat(50).chunks(64 * 1024) {
        upload.feed(piece);
        while let Ok(Content::Bytes(bytes)) = upload.content() {
            let bytes = bytes.len();
            upload.take(bytes);
            length += bytes;
        }
        assert!(upload.kept() <= 256 * 1024, "{} bytes after {length}", upload.kept());
    }
    assert_eq!((length, upload.content()), (50 << 20, Ok(Content::NotYet)));
}

#[test]
fn chunks_without_content_are_refused_when_they_are_too_many() {
    let trailers = [b"0\r\n".to_vec(), b"T: 1\r\n".repeat(20_000)].concat();
    assert_eq!(uploaded("Transfer-Encoding: chunked", &trailers, 4096).1, Err(413));
    let extensions = [b"1;", &b"x".repeat(900)[..], b"\r\nx\r\n"].concat().repeat(200);
    assert_eq!(uploaded("Transfer-Encoding: chunked", &extensions, 4096).1, Err(413));
}

#[test]
fn only_a_sender_that_has_not_begun_waits_for_leave() {
    let head = "PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
    for (bytes, waits) in [(head.to_owned(), true), (head.to_owned() + "h", false)] {
        let mut decoder = uploading();
        decoder.feed(bytes.as_bytes());
        match decoder.next_input() {
            Some(Input::Upload(_, upload)) => assert_eq!((upload.waits(), upload.length()), (waits, Some(5))),
            other => panic!("{other:?}"),
        }
    }
}
