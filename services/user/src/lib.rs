//! restante-user
