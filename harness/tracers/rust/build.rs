// SPDX-License-Identifier: Apache-2.0
fn main() {
    println!("cargo:rerun-if-env-changed=WITHOUT_EXPORT");
    if std::env::var_os("WITHOUT_EXPORT").is_none() {
        datadog_opentelemetry::build::emit_otel_thread_ctx_build_instructions();
    }
}
