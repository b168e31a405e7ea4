#include "examples/webhook/webhook_settings.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <cctype>

#include "examples/webhook/signature.hpp"
#include "runtime/http/url.hpp"
#include "runtime/manifest/component.hpp"
#include "runtime/manifest/field_readers.hpp"

namespace lode::examples {

namespace {

bool is_loopback(const std::string& host) {
  boost::system::error_code not_an_address;
  const auto address = boost::asio::ip::make_address(host, not_an_address);
  return host == "localhost" || (!not_an_address && address.is_loopback());
}

void read_url(const component& from, webhook_sink_settings& out) {
  const auto parsed = parse_http_url(from.text("url"));
  const auto* url = std::get_if<http_url>(&parsed);
  if (!url)
    return from.error("expected a URL such as https://example.com/hooks: " + std::get<http_error>(parsed).message,
                      "url");
  if (url->scheme != "https" && !is_loopback(url->host))
    return from.error("expected https: signatures do not hide what is sent; plain http is for this machine only",
                      "url");
  out.url = to_string(*url);
  out.receiver = authority_of(*url);
}

void read_secrets(const component& from, webhook_sink_settings& out) {
  for (const auto& secret : from.texts("secret"))
    if (auto key = key_in_webhook_secret(secret))
      out.keys.push_back(std::move(*key));
    else
      from.error("expected whsec_ and 24 to 64 bytes in Base64", "secret"); // what was found stays secret
  if (!from.has("secret"))
    from.error("is missing; make one: echo whsec_$(openssl rand -base64 32)", "secret");
}

void read_headers(const component& from, webhook_sink_settings& out) {
  const auto given = from.child("headers");
  if (!given)
    return;
  for (const auto& [name, value] : given->node().entries) {
    auto lower = name;
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (lower.starts_with("webhook-") || lower == "content-type")
      given->error("is set by the sink itself", name);
    else
      out.headers.push_back({name, given->text(name)});
  }
}

} // namespace

webhook_sink_settings read_webhook_sink_settings(const component& from) {
  from.refuse_unknown({"url", "secret", "batch", "timeout", "headers"});
  webhook_sink_settings out;
  read_url(from, out);
  read_secrets(from, out);
  read_headers(from, out);
  const auto batch = from.whole("batch").value_or(static_cast<int64_t>(out.batch));
  if (batch < 1 || batch > 500)
    from.error("expected 1 to 500 changes, found " + std::to_string(batch), "batch");
  out.batch = static_cast<size_t>(batch);
  read_span_field(from, "timeout", std::chrono::milliseconds{100}, [&](std::chrono::milliseconds span) {
    if (span > std::chrono::seconds{25})
      from.error("expected at most 25s: a delivery that takes 30 s counts as failed", "timeout");
    out.timeout = span;
  });
  return out;
}

} // namespace lode::examples
