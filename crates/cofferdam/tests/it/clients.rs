//! Real clients (stub).
