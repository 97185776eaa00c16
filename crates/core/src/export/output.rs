//! Bytes on their way out: buffered, numbers written fast, and the callback called at a steady pace.

use std::io::Write;

use super::{Error, Progress};

/// Pieces of work between two calls of the callback: about a millisecond of work.
const STRIDE: u64 = 1 << 14;
/// Bytes that are gathered before they are written.
const GATHERED: usize = 1 << 20;
/// Room that is left beyond, for what is written between two looks.
const SPARE: usize = 1 << 12;

/// Counts work, and asks the callback whether to go on.
pub(super) struct Pace<'a> {
    progress: &'a mut Progress<'a>,
    done: u64,
    total: u64,
    next: u64,
}

impl<'a> Pace<'a> {
    pub(super) fn new<'b>(progress: &'a mut Progress<'b>) -> Self
    where
        'b: 'a,
    {
        Self { progress, done: 0, total: 0, next: 0 }
    }

    /// Says how much work there is.
    pub(super) fn expect(&mut self, total: u64) {
        self.total = total;
    }

    /// Counts pieces of work as done.
    #[inline]
    pub(super) fn step(&mut self, pieces: u64) -> Result<(), Error> {
        self.done += pieces;
        if self.done >= self.next { self.ask() } else { Ok(()) }
    }

    #[cold]
    pub(super) fn ask(&mut self) -> Result<(), Error> {
        self.next = self.done + STRIDE;
        if (self.progress)(self.done, self.total.max(self.done)).is_break() { Err(Error::Stopped) } else { Ok(()) }
    }
}

/// A writer with a buffer of its own.
pub(super) struct Output<'a> {
    writer: &'a mut dyn Write,
    buffer: Vec<u8>,
    pub(super) pace: Pace<'a>,
}

impl<'a> Output<'a> {
    pub(super) fn new(writer: &'a mut dyn Write, pace: Pace<'a>) -> Self {
        Self { writer, buffer: Vec::with_capacity(GATHERED + SPARE), pace }
    }

    /// Where bytes are put. Call [`Output::step`] after each object or reference.
    #[inline]
    pub(super) fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    pub(super) fn text(&mut self, text: &str) {
        self.buffer.extend_from_slice(text.as_bytes());
    }

    #[inline]
    pub(super) fn number(&mut self, number: u64) {
        number_into(&mut self.buffer, number);
    }

    /// Counts one piece of work, and writes what was gathered.
    #[inline]
    pub(super) fn step(&mut self) -> Result<(), Error> {
        self.gathered()?;
        self.pace.step(1)
    }

    /// Writes what was gathered, and lets the callback speak then: inside one large piece of work.
    #[inline]
    pub(super) fn gathered(&mut self) -> Result<(), Error> {
        if self.buffer.len() < GATHERED { Ok(()) } else { self.flush().and_then(|()| self.pace.ask()) }
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.writer.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<(), Error> {
        self.flush()?;
        self.writer.flush()?;
        self.pace.ask()
    }
}

/// Appends a number in decimal digits.
#[inline]
pub(super) fn number_into(out: &mut Vec<u8>, number: u64) {
    match number {
        0..=9 => out.push(b'0' + number as u8),
        _ => out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes()),
    }
}
