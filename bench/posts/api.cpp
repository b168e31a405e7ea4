#include "bench/posts/api.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

namespace bench {

namespace {

std::optional<uint32_t> number_of(std::string_view text) {
  uint32_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

/// Takes `prefix` from the front.
bool skip(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix))
    return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// "" when there is none of this name.
std::string_view parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    auto part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(part.size() + 1, query.size()));
    if (part.size() > name.size() && part.starts_with(name) && part[name.size()] == '=')
      return part.substr(name.size() + 1);
  }
  return {};
}

void refuse(api_answer& out, int status, std::string_view message) {
  out.status = status;
  out.body.append(R"({"error":")").append(message).append("\"}");
}

int64_t now_us() {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

} // namespace

void posts_api::answer(std::string_view method, std::string_view target, api_answer& out) {
  out.status = 200;
  out.body.clear();
  auto path = target.substr(0, target.find('?'));
  auto query = target.substr(std::min(path.size() + 1, target.size()));
  if (method == "GET" && path.ends_with("/posts") && skip(path, "/v1/"))
    return serve_page(path.substr(0, path.size() - std::string_view{"/posts"}.size()), query, out);
  if (method == "POST" && skip(path, "/control/pass/"))
    return begin_pass(path, out);
  if (method == "GET" && path == "/control/stats") {
    out.body = stats();
    return;
  }
  if (method == "GET" && path == "/control/tenants") {
    for (uint32_t tenant = 0; tenant < settings_.tenants; ++tenant)
      out.body.append(account_of(tenant)).append("\n");
    return;
  }
  refuse(out, 404, "unknown path or method");
}

void posts_api::serve_page(std::string_view account, std::string_view query, api_answer& out) {
  auto tenant = tenant_of(account);
  auto after = parameter(query, "after");
  auto page = after.empty() ? std::optional{0u} : number_of(after);
  auto pages = (settings_.records + page_size - 1) / page_size;
  if (!tenant || *tenant >= settings_.tenants)
    return refuse(out, 404, "unknown account");
  if (parameter(query, "limit") != "100")
    return refuse(out, 400, "limit: expected 100");
  if (!page || *page >= std::max(pages, 1u))
    return refuse(out, 400, "after: expected the token of a page");
  last_request_us_ = now_us();
  if (pages_++ == 0)
    first_request_us_ = last_request_us_;
  auto& body = out.body;
  body = R"({"data":[)";
  auto end = std::min(settings_.records, (*page + 1) * page_size);
  for (auto number = *page * page_size; number < end; ++number) {
    if (number > *page * page_size)
      body += ',';
    posts_.append(body, *tenant, number);
  }
  body += R"(],"paging":{)";
  if (*page + 1 < pages)
    body.append(R"("after":")").append(std::to_string(*page + 1)).append("\"");
  body += "}}";
}

void posts_api::begin_pass(std::string_view text, api_answer& out) {
  auto number = number_of(text);
  if (!number)
    return refuse(out, 400, "pass: expected a number");
  posts_ = post_writer{settings_.seed, *number};
  pages_ = 0;
  first_request_us_ = last_request_us_ = 0;
  out.body = stats();
}

std::string posts_api::stats() const {
  return R"({"pages":)" + std::to_string(pages_) + R"(,"first_request_us":)" + std::to_string(first_request_us_)
         + R"(,"last_request_us":)" + std::to_string(last_request_us_) + "}\n";
}

} // namespace bench
