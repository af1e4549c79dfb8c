//! The error numbers of the C API that the session layer uses (`c-api.md §3.4`), in one table.
//!
//! Programs compare these numbers: the table only ever grows.

macro_rules! error_codes {
    ($($variant:ident = $number:literal, $name:literal, $meaning:literal;)*) => {
        /// An error of the C API: what a function returns or `on_error` reports.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(i32)]
        pub enum ErrorCode {
            $(#[doc = $meaning] $variant = $number,)*
        }

        impl ErrorCode {
            /// Every code, in the order of the numbers.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The code's name in the C header.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// What the code says, as the beginning of a sentence for a person.
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$variant => $meaning,)*
                }
            }

            /// The code of a number; `None` for numbers that are not in the table.
            pub const fn from_code(code: i32) -> Option<Self> {
                match code {
                    $($number => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

error_codes! {
    InvalidParam = 1, "OTC_INVALID_PARAM",
        "A parameter of the call is not valid";
    Fatal = 2, "OTC_FATAL",
        "The library could not carry out the call and cannot say more; its log does";
    AuthorizationFailure = 1004, "OTC_SESSION_AUTHORIZATION_FAILURE",
        "The token or the API key was refused: wrong, expired, or made for another session";
    InvalidSession = 1005, "OTC_SESSION_INVALID_SESSION",
        "The session id is not one";
    ConnectionFailed = 1006, "OTC_SESSION_CONNECTION_FAILED",
        "The connection to the session failed";
    NotConnected = 1010, "OTC_SESSION_NOT_CONNECTED",
        "The action needs a connected session";
    NullOrInvalidParameter = 1011, "OTC_SESSION_NULL_OR_INVALID_PARAMETER",
        "A parameter is NULL or not valid";
    IllegalState = 1015, "OTC_SESSION_ILLEGAL_STATE",
        "The session's state does not allow the action";
    StateFailed = 1020, "OTC_SESSION_STATE_FAILED",
        "The session info did not arrive in time";
    ConnectionTimedOut = 1021, "OTC_SESSION_CONNECTION_TIMED_OUT",
        "Connecting to the session took too long";
    ConnectionDropped = 1022, "OTC_SESSION_CONNECTION_DROPPED",
        "The connection was lost and could not be restored";
    ConnectionRefused = 1023, "OTC_SESSION_CONNECTION_REFUSED",
        "The socket to the messaging server could not be opened";
    BlockedCountry = 1026, "OTC_SESSION_BLOCKED_COUNTRY",
        "The server does not serve this place";
    ConnectionLimitExceeded = 1027, "OTC_SESSION_CONNECTION_LIMIT_EXCEEDED",
        "The session has as many connections as it may";
    SubscriberNotFound = 1112, "OTC_SESSION_SUBSCRIBER_NOT_FOUND",
        "The subscriber does not belong to the session";
    PublisherNotFound = 1113, "OTC_SESSION_PUBLISHER_NOT_FOUND",
        "The publisher does not belong to the session";
    SignalDataTooLong = 1413, "OTC_SESSION_SIGNAL_DATA_TOO_LONG",
        "The data of a signal is longer than 8 KB";
    SignalTypeTooLong = 1414, "OTC_SESSION_SIGNAL_TYPE_TOO_LONG",
        "The type of a signal is longer than 128 bytes";
    InvalidSignalType = 1461, "OTC_SESSION_INVALID_SIGNAL_TYPE",
        "The type of a signal has characters that it may not have";
    NoMessagingServer = 1503, "OTC_SESSION_NO_MESSAGING_SERVER",
        "The session info names no messaging server";
    UnableToForceDisconnect = 1520, "OTC_UNABLE_TO_FORCE_DISCONNECT",
        "The connection could not be disconnected: no permission, or not there";
    ForceUnpublishOrInvalidStream = 1535, "OTC_SESSION_FORCE_UNPUBLISH_OR_INVALID_STREAM",
        "The stream is not one of the session";
    UnableToForceMute = 1540, "OTC_UNABLE_TO_FORCE_MUTE",
        "The streams could not be muted: no permission, or not there";
    UnableToSendSignal = 1550, "OTC_SESSION_UNABLE_TO_SEND_SIGNAL",
        "The signal could not be sent, or the server refused it";
    InternalError = 2000, "OTC_SESSION_INTERNAL_ERROR",
        "The library failed; its log says more";
    UnexpectedSessionInfo = 2001, "OTC_SESSION_UNEXPECTED_GET_SESSION_INFO_REPONSE",
        "The server's answer to the request for session info makes no sense";
    EncryptionSecretMissing = 6000, "OTC_SESSION_ENCRYPTION_SECRET_MISSING",
        "The session is encrypted end to end and no secret was set";
    InvalidEncryptionSecret = 6004, "OTC_SESSION_INVALID_ENCRYPTION_SECRET",
        "The secret for end-to-end encryption is not valid";
}

impl ErrorCode {
    /// The number that C programs see.
    pub const fn code(self) -> i32 {
        self as i32
    }
}

impl From<ErrorCode> for i32 {
    fn from(error: ErrorCode) -> Self {
        error.code()
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} ({})", self.meaning(), self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written down a second time on purpose: a number that changes or goes away breaks programs.
    const PUBLISHED: &[(i32, &str)] = &[
        (1, "OTC_INVALID_PARAM"),
        (2, "OTC_FATAL"),
        (1004, "OTC_SESSION_AUTHORIZATION_FAILURE"),
        (1005, "OTC_SESSION_INVALID_SESSION"),
        (1006, "OTC_SESSION_CONNECTION_FAILED"),
        (1010, "OTC_SESSION_NOT_CONNECTED"),
        (1011, "OTC_SESSION_NULL_OR_INVALID_PARAMETER"),
        (1015, "OTC_SESSION_ILLEGAL_STATE"),
        (1020, "OTC_SESSION_STATE_FAILED"),
        (1021, "OTC_SESSION_CONNECTION_TIMED_OUT"),
        (1022, "OTC_SESSION_CONNECTION_DROPPED"),
        (1023, "OTC_SESSION_CONNECTION_REFUSED"),
        (1026, "OTC_SESSION_BLOCKED_COUNTRY"),
        (1027, "OTC_SESSION_CONNECTION_LIMIT_EXCEEDED"),
        (1112, "OTC_SESSION_SUBSCRIBER_NOT_FOUND"),
        (1113, "OTC_SESSION_PUBLISHER_NOT_FOUND"),
        (1413, "OTC_SESSION_SIGNAL_DATA_TOO_LONG"),
        (1414, "OTC_SESSION_SIGNAL_TYPE_TOO_LONG"),
        (1461, "OTC_SESSION_INVALID_SIGNAL_TYPE"),
        (1503, "OTC_SESSION_NO_MESSAGING_SERVER"),
        (1520, "OTC_UNABLE_TO_FORCE_DISCONNECT"),
        (1535, "OTC_SESSION_FORCE_UNPUBLISH_OR_INVALID_STREAM"),
        (1540, "OTC_UNABLE_TO_FORCE_MUTE"),
        (1550, "OTC_SESSION_UNABLE_TO_SEND_SIGNAL"),
        (2000, "OTC_SESSION_INTERNAL_ERROR"),
        (2001, "OTC_SESSION_UNEXPECTED_GET_SESSION_INFO_REPONSE"),
        (6000, "OTC_SESSION_ENCRYPTION_SECRET_MISSING"),
        (6004, "OTC_SESSION_INVALID_ENCRYPTION_SECRET"),
    ];

    #[test]
    fn published_numbers_and_names_stay() {
        for &(code, name) in PUBLISHED {
            let error = ErrorCode::from_code(code).unwrap_or_else(|| panic!("{code} {name} has gone away"));
            assert_eq!((error.code(), error.name()), (code, name));
        }
        assert_eq!(ErrorCode::ALL.len(), PUBLISHED.len(), "add new codes to PUBLISHED too");
    }

    #[test]
    fn the_table_is_sorted_and_every_meaning_can_be_shown() {
        assert!(ErrorCode::ALL.windows(2).all(|pair| pair[0].code() < pair[1].code()));
        for error in ErrorCode::ALL {
            assert!(!error.meaning().is_empty() && !error.meaning().ends_with('.'), "{error:?}");
            assert!(error.to_string().ends_with(&format!("({})", i32::from(*error))));
        }
    }

    #[test]
    fn foreign_numbers_are_none() {
        for code in [0, 3, -1, 1007, 1403, i32::MAX] {
            assert_eq!(ErrorCode::from_code(code), None);
        }
    }
}
