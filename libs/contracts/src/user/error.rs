use kernel::{ErrorCode, WireError};
use tonic::metadata::MetadataValue;
use tonic::{Code, Status};

/// Metadata entry that carries the error as JSON.
const ENTRY: &str = "restante-error-bin";

/// Why the directory did not answer. The same from the local form and over gRPC.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// The call was understood and refused.
    #[error(transparent)]
    Refused(WireError),
    /// No answer in time: the service, the way to it or its store is away. Every call may be repeated.
    #[error("the user service is out of reach: {0}")]
    Unavailable(String),
}

impl From<DirectoryError> for WireError {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::Refused(error) => error,
            DirectoryError::Unavailable(_) => Self::unavailable(),
        }
    }
}

impl From<WireError> for DirectoryError {
    fn from(error: WireError) -> Self {
        match error.code {
            ErrorCode::ServiceUnavailable => Self::Unavailable(error.message),
            _ => Self::Refused(error),
        }
    }
}

impl From<DirectoryError> for Status {
    fn from(error: DirectoryError) -> Self {
        let error = WireError::from(error);
        let mut status = Self::new(grpc_code(error.code), error.message.clone());
        if let Ok(json) = serde_json::to_vec(&error) {
            status.metadata_mut().insert_bin(ENTRY, MetadataValue::from_bytes(&json));
        }
        status
    }
}

impl From<Status> for DirectoryError {
    /// An answer that the service did not write itself (broken connection, proxy, deadline) counts as none.
    fn from(status: Status) -> Self {
        let told = status.metadata().get_bin(ENTRY).and_then(|entry| entry.to_bytes().ok());
        let told = told.and_then(|json| serde_json::from_slice::<WireError>(&json).ok());
        told.map_or_else(
            || Self::Unavailable(format!("{:?}: {}", status.code(), status.message())),
            Self::from,
        )
    }
}

const fn grpc_code(code: ErrorCode) -> Code {
    match code {
        ErrorCode::ValidationError | ErrorCode::UnsupportedMediaType => Code::InvalidArgument,
        ErrorCode::Unauthorized => Code::Unauthenticated,
        ErrorCode::Forbidden => Code::PermissionDenied,
        ErrorCode::NotFound | ErrorCode::Gone => Code::NotFound,
        ErrorCode::Conflict => Code::AlreadyExists,
        ErrorCode::PayloadTooLarge => Code::OutOfRange,
        ErrorCode::RateLimitExceeded => Code::ResourceExhausted,
        ErrorCode::InternalError => Code::Internal,
        ErrorCode::ServiceUnavailable => Code::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_survives_grpc() {
        for code in ErrorCode::ALL {
            let error = WireError::new(code, "why – in words").at("field", "this").retry_after(7);
            let there = Status::from(DirectoryError::from(error.clone()));
            let back = WireError::from(DirectoryError::from(there));
            assert_eq!(back.code, code);
            if code != ErrorCode::ServiceUnavailable {
                assert_eq!(back, error);
            }
        }
    }

    #[test]
    fn an_answer_that_is_not_ours_counts_as_none() {
        for code in [Code::Unknown, Code::NotFound, Code::Unimplemented, Code::DeadlineExceeded] {
            let error = DirectoryError::from(Status::new(code, "a proxy's words"));
            assert!(matches!(error, DirectoryError::Unavailable(_)), "{error:?}");
        }
    }
}
