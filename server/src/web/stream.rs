//! Large files, sent from the disk in pieces: a video is never held in memory whole.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::task::JoinHandle;

use crate::error::{Error, Result};
use crate::video;

/// Bytes of a piece.
const PIECE_BYTES: usize = 256 << 10;

/// A file that is to be sent.
pub struct Large {
    file: File,
    /// Its bytes.
    pub length: u64,
    /// Its media type, by its first bytes.
    pub media: &'static str,
}

impl Large {
    /// Opens a file. Blocks.
    ///
    /// # Errors
    /// When there is a file that cannot be read.
    pub fn open(path: &Path) -> Result<Option<Self>> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::file(path)(error)),
        };
        let length = file.metadata().map_err(Error::file(path))?.len();
        let mut head = Vec::new();
        file.by_ref().take(12).read_to_end(&mut head).map_err(Error::file(path))?;
        let media = if video::is_video(&head) { "video/mp4" } else { "image/jpeg" };
        Ok(Some(Self { file, length, media }))
    }

    /// These bytes of it.
    pub fn body(self, range: Range<u64>) -> Body {
        Body::new(Pieces { state: State::Ready(self.file), next: range.start, end: range.end })
    }
}

enum State {
    Ready(File),
    Reading(JoinHandle<std::io::Result<(File, Bytes)>>),
    Over,
}

/// A range of a file as the body of an answer.
struct Pieces {
    state: State,
    next: u64,
    end: u64,
}

fn read(mut file: File, at: u64, bytes: usize) -> std::io::Result<(File, Bytes)> {
    let mut piece = vec![0; bytes];
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut piece)?;
    Ok((file, piece.into()))
}

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        loop {
            match std::mem::replace(&mut self.state, State::Over) {
                State::Over => return Poll::Ready(None),
                State::Ready(_) if self.next >= self.end => return Poll::Ready(None),
                State::Ready(file) => {
                    let left = usize::try_from(self.end - self.next).unwrap_or(PIECE_BYTES);
                    let (at, bytes) = (self.next, left.min(PIECE_BYTES));
                    let work = tokio::task::spawn_blocking(move || read(file, at, bytes));
                    self.state = State::Reading(work);
                }
                State::Reading(mut work) => match Pin::new(&mut work).poll(context) {
                    Poll::Pending => {
                        self.state = State::Reading(work);
                        return Poll::Pending;
                    }
                    Poll::Ready(Ok(Ok((file, piece)))) => {
                        self.next += piece.len() as u64;
                        self.state = State::Ready(file);
                        return Poll::Ready(Some(Ok(Frame::data(piece))));
                    }
                    Poll::Ready(Ok(Err(error))) => return Poll::Ready(Some(Err(error))),
                    Poll::Ready(Err(error)) => {
                        return Poll::Ready(Some(Err(std::io::Error::other(error))));
                    }
                },
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.end.saturating_sub(self.next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::wait;

    #[test]
    fn any_part_of_a_file_is_sent_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let bytes: Vec<u8> = (0..700_000_u32).map(|n| (n * 7 % 251) as u8).collect();
        std::fs::write(&path, &bytes).unwrap();
        wait(async {
            for range in [0..700_000, 0..1, 699_999..700_000, 100_000..600_000, 5..5] {
                let file = Large::open(&path).unwrap().unwrap();
                assert_eq!((file.length, file.media), (700_000, "image/jpeg"));
                let sent =
                    axum::body::to_bytes(file.body(range.clone()), usize::MAX).await.unwrap();
                let range =
                    usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
                assert!(sent == bytes[range.clone()], "{range:?}");
            }
        });
        assert!(Large::open(&folder.path().join("none")).unwrap().is_none());
    }
}
