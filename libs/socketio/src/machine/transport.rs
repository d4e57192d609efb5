//! What carries a session: long polling, a websocket, or polling with a websocket being tried on the side.

/// What carries the session.
#[derive(Debug)]
pub(crate) enum Transport {
    Polling(Polling),
    /// For good: there is no way back to polling.
    Websocket,
}

/// A session that is carried by requests.
#[derive(Debug, Default)]
pub(crate) struct Polling {
    /// A GET waits for packets.
    get: bool,
    /// A POST is being handled.
    post: bool,
    probe: Probe,
    /// The GET that waits is to be sent back without packets, so that the client can change over.
    release: bool,
}

/// A websocket on the side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Probe {
    #[default]
    None,
    /// It is there.
    Open,
    /// It works: the client was told, and is about to change over.
    Answered,
}

/// Why a request is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Another of its kind is under way: the client broke the protocol.
    Overlap,
    /// The session is carried by a websocket.
    Moved,
}

/// What is to be done about a frame on a websocket that is being tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProbeStep {
    /// Say that it works.
    Answer,
    /// It carries the session from here on.
    Switch,
    /// Give it up.
    Fail,
}

impl Transport {
    pub(crate) fn polling() -> Self {
        Self::Polling(Polling::default())
    }

    pub(crate) const fn is_websocket(&self) -> bool {
        matches!(self, Self::Websocket)
    }

    /// A GET came. Answers whether a websocket is being tried, in which case it is not to wait for long.
    pub(crate) fn begin_poll(&mut self) -> Result<bool, Refused> {
        let Self::Polling(polling) = self else { return Err(Refused::Moved) };
        if polling.get {
            return Err(Refused::Overlap);
        }
        polling.get = true;
        Ok(polling.probe == Probe::Answered)
    }

    /// The GET is answered.
    pub(crate) fn end_poll(&mut self) {
        if let Self::Polling(polling) = self {
            polling.get = false;
            polling.release = false;
        }
    }

    /// Whether a GET waits.
    #[cfg(test)]
    pub(crate) fn is_polled(&self) -> bool {
        matches!(self, Self::Polling(polling) if polling.get)
    }

    /// Whether the GET that waits is to go back empty.
    pub(crate) fn is_released(&self) -> bool {
        matches!(self, Self::Polling(polling) if polling.release)
    }

    /// A POST came.
    pub(crate) fn begin_post(&mut self) -> Result<(), Refused> {
        let Self::Polling(polling) = self else { return Err(Refused::Moved) };
        if std::mem::replace(&mut polling.post, true) {
            return Err(Refused::Overlap);
        }
        Ok(())
    }

    /// The POST is handled.
    pub(crate) fn end_post(&mut self) {
        if let Self::Polling(polling) = self {
            polling.post = false;
        }
    }

    /// A websocket came, to be tried. `false`: there is one already.
    pub(crate) fn open_probe(&mut self) -> bool {
        let Self::Polling(polling) = self else { return false };
        if polling.probe != Probe::None {
            return false;
        }
        polling.probe = Probe::Open;
        true
    }

    /// A text on the websocket that is being tried.
    pub(crate) fn probed(&mut self, text: &[u8]) -> ProbeStep {
        let Self::Polling(polling) = self else { return ProbeStep::Fail };
        match (polling.probe, text) {
            (Probe::Open, b"2probe") => {
                polling.probe = Probe::Answered;
                // The client stops polling only when its GET comes back.
                polling.release = polling.get;
                ProbeStep::Answer
            }
            (Probe::Answered, b"5") => {
                *self = Self::Websocket;
                ProbeStep::Switch
            }
            _ => ProbeStep::Fail,
        }
    }

    /// The websocket that was tried is given up. Polling goes on.
    pub(crate) fn close_probe(&mut self) {
        if let Self::Polling(polling) = self {
            polling.probe = Probe::None;
            polling.release = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_request_of_each_kind_at_a_time() {
        let mut transport = Transport::polling();
        assert_eq!(transport.begin_poll(), Ok(false));
        assert_eq!(transport.begin_post(), Ok(()));
        assert_eq!(transport.begin_poll(), Err(Refused::Overlap));
        assert_eq!(transport.begin_post(), Err(Refused::Overlap));
        transport.end_poll();
        transport.end_post();
        assert_eq!(transport.begin_poll(), Ok(false));
        assert_eq!(transport.begin_post(), Ok(()));
    }

    #[test]
    fn a_client_changes_over() {
        let mut transport = Transport::polling();
        transport.begin_poll().unwrap();
        assert!(transport.open_probe());
        assert!(!transport.is_released(), "nothing works yet");
        assert_eq!(transport.probed(b"2probe"), ProbeStep::Answer);
        assert!(transport.is_released());
        transport.end_poll();
        assert_eq!(transport.begin_poll(), Ok(true), "the next is not to wait for long");
        transport.end_poll();
        assert_eq!(transport.probed(b"5"), ProbeStep::Switch);
        assert!(transport.is_websocket());
        assert_eq!(transport.begin_poll(), Err(Refused::Moved));
        assert_eq!(transport.begin_post(), Err(Refused::Moved));
        assert!(!transport.open_probe(), "a second websocket");
    }

    #[test]
    fn a_probe_that_fails_leaves_polling_alone() {
        for frames in [&[&b"5"[..]][..], &[b"2probe", b"2probe"], &[b"4x"], &[b""]] {
            let mut transport = Transport::polling();
            transport.begin_poll().unwrap();
            assert!(transport.open_probe());
            assert!(!transport.open_probe(), "one at a time");
            let last = frames.iter().map(|frame| transport.probed(frame)).last();
            assert_eq!(last, Some(ProbeStep::Fail), "{frames:?}");
            transport.close_probe();
            assert!(transport.is_polled() && !transport.is_released());
            assert!(transport.open_probe(), "it may be tried again");
        }
    }

    #[derive(Debug, Clone)]
    enum Input {
        BeginPoll,
        EndPoll,
        BeginPost,
        EndPost,
        Open,
        Frame(&'static [u8]),
        Close,
    }

    fn inputs() -> impl Strategy<Value = Vec<Input>> {
        let frame = prop::sample::select(vec![&b"2probe"[..], b"5", b"3", b"4x", b""]);
        let input = prop_oneof![
            Just(Input::BeginPoll),
            Just(Input::EndPoll),
            Just(Input::BeginPost),
            Just(Input::EndPost),
            Just(Input::Open),
            frame.prop_map(Input::Frame),
            Just(Input::Close),
        ];
        prop::collection::vec(input, 0..40)
    }

    proptest! {
        #[test]
        fn whatever_the_order(inputs in inputs()) {
            let mut transport = Transport::polling();
            let (mut polls, mut posts) = (0, 0);
            for input in inputs {
                let moved = transport.is_websocket();
                match input {
                    Input::BeginPoll => match transport.begin_poll() {
                        Ok(_) => polls += 1,
                        Err(refused) => prop_assert_eq!(refused == Refused::Moved, moved),
                    },
                    Input::BeginPost => posts += i32::from(transport.begin_post().is_ok()),
                    Input::EndPoll => { transport.end_poll(); polls = 0; }
                    Input::EndPost => { transport.end_post(); posts = 0; }
                    Input::Open => prop_assert!(!(transport.open_probe() && moved)),
                    Input::Frame(frame) => {
                        let step = transport.probed(frame);
                        prop_assert!(!moved || step == ProbeStep::Fail);
                        prop_assert_eq!(step == ProbeStep::Switch, !moved && transport.is_websocket());
                    }
                    Input::Close => transport.close_probe(),
                }
                prop_assert!(polls <= 1 && posts <= 1);
                prop_assert!(!moved || transport.is_websocket(), "there is no way back");
                prop_assert!(!transport.is_released() || transport.is_polled());
            }
        }
    }
}
