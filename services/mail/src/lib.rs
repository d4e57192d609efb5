//! restante-mail
