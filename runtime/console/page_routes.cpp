#include "messages/type_ids.hpp"
#include "runtime/console/page_files.hpp"
#include "runtime/console/routes.hpp"
#include "runtime/http/content_decoding.hpp"

namespace lode {

namespace {

constexpr size_t most_plain = 16u << 20;
/// Nothing inline, nothing of another host, in nobody's frame: what the page shows comes from APIs that others own.
constexpr std::string_view content_policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
                                            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

bool is_named_by_content(const page_file& file) {
  return file.name != "index.html" && file.name != "icon.svg";
}

/// Most clients take it as it lies here; for the others it is unpacked.
caf::expected<api_response> answer(const page_file& file, const api_request& request) {
  api_response out;
  out.content_type = file.content_type;
  out.headers = {{"Content-Security-Policy", std::string{content_policy}},
                 {"Referrer-Policy", "no-referrer"},
                 {"Vary", "Accept-Encoding"},
                 {"Cache-Control", is_named_by_content(file) ? "public, max-age=31536000, immutable" : "no-cache"}};
  if (request.accepts_gzip) {
    out.headers.emplace_back("Content-Encoding", "gzip");
    out.body = file.gzip;
    return out;
  }
  auto plain = decode_content("gzip", std::string{file.gzip}, most_plain, "this node");
  if (auto* failed = std::get_if<http_error>(&plain))
    return caf::make_error(errc::internal, "the page's " + std::string{file.name} + ": " + failed->message);
  out.body = std::move(std::get<std::string>(plain));
  return out;
}

} // namespace

void add_page_routes(router& routes) {
  for (const auto& file : page_files()) {
    auto handle = [&file](const api_request& request, api_context&) { return answer(file, request); };
    routes.add("GET", "/" + std::string{file.name == "index.html" ? "" : file.name}, handle, route_access::open);
  }
}

} // namespace lode
