//! restante-chat
