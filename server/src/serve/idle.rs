//! A stream that ends when nothing moves on it, and that gives its place back when it is dropped.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// A stream with a longest rest, and something to hold for as long as the stream lives.
///
/// A connection that becomes a WebSocket leaves hyper with its stream: the bound and the place go with it.
pub(super) struct IdleStream<S, H> {
    stream: S,
    rest_max: Duration,
    rest: Pin<Box<Sleep>>,
    _held: H,
}

impl<S, H> IdleStream<S, H> {
    #[expect(
        clippy::disallowed_methods,
        reason = "waiting for sockets is this edge's work"
    )]
    pub(super) fn new(stream: S, rest_max: Duration, held: H) -> Self {
        Self {
            stream,
            rest_max,
            rest: Box::pin(tokio::time::sleep(rest_max)),
            _held: held,
        }
    }

    /// Restarts the rest when something moved, and ends the stream when it rested too long.
    fn watch<T>(
        &mut self,
        cx: &mut Context<'_>,
        moved: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if moved.is_ready() {
            let deadline = Instant::now() + self.rest_max;
            self.rest.as_mut().reset(deadline);
            return moved;
        }
        match self.rest.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin, H: Unpin> AsyncRead for IdleStream<S, H> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let moved = Pin::new(&mut this.stream).poll_read(cx, buffer);
        this.watch(cx, moved)
    }
}

impl<S: AsyncWrite + Unpin, H: Unpin> AsyncWrite for IdleStream<S, H> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let moved = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.watch(cx, moved)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let moved = Pin::new(&mut this.stream).poll_write_vectored(cx, slices);
        this.watch(cx, moved)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
