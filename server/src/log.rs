//! The running server's log: lines for people or JSON for machines. It says what happened to the
//! office, never who asked for what: no names, form values, queries or cookies.

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// For a person who reads it.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl Form {
    /// The form that `MINGBAI_LOG_FORMAT` names; text where it is not set.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "" | "text" => Some(Self::Text),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// What takes the program's events and writes them.
pub fn subscriber<W>(form: Form, filter: EnvFilter, to: W) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(to).with_ansi(false);
    match form {
        Form::Text => Box::new(log.finish()),
        Form::Json => Box::new(log.json().flatten_event(true).finish()),
    }
}
