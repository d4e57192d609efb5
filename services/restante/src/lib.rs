//! restante
