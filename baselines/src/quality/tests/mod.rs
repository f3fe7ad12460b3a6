//! Tests of the whole: reference numbers, laws, documented answers. Do not know how a metric is computed.
