//! Logs: one JSON object a line, on standard error, made by `tracing`.
//!
//! What may be in them: ids, route patterns, counts, durations, reasons. What may not: names, texts, bodies, tokens, codes, passwords, addresses of people.
//! A test drives the hub through all of identity and looks for planted secrets in what was logged.

use std::io;

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// What is logged unless something else is asked for.
pub const DEFAULT_FILTER: &str = "info";

/// A filter that can't be read.
#[derive(Debug, thiserror::Error)]
#[error(
    "--log: {found:?} can't be used; expected a level (error, warn, info, debug, trace) or pairs such as server=debug,info"
)]
pub struct FilterError {
    found: String,
    #[source]
    source: tracing_subscriber::filter::ParseError,
}

/// A subscriber that writes JSON lines to `writer`.
///
/// # Errors
/// When `filter` can't be read.
pub fn json_lines<W>(filter: &str, writer: W) -> Result<impl Subscriber + Send + Sync, FilterError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let read = EnvFilter::try_new(filter).map_err(|source| FilterError {
        found: filter.to_owned(),
        source,
    })?;
    Ok(tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_env_filter(read)
        .with_writer(writer)
        .finish())
}

/// Logs JSON lines to standard error from now on. A second call changes nothing.
///
/// # Errors
/// When `filter` can't be read.
pub fn to_standard_error(filter: &str) -> Result<(), FilterError> {
    let subscriber = json_lines(filter, io::stderr)?;
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        tracing::debug!("logging was set up before");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_can_not_be_read_is_named_with_the_expected_form() {
        let error = json_lines("server=loud", io::sink)
            .err()
            .expect("no such level");
        assert!(
            error.to_string().starts_with("--log: \"server=loud\""),
            "{error}"
        );
        assert!(json_lines(DEFAULT_FILTER, io::sink).is_ok());
    }
}
