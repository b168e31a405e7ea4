#include "runtime/cli/connection_resume_command.hpp"

#include <boost/json.hpp>

#include <iostream>
#include <set>

#include "runtime/cli/api_client.hpp"
#include "runtime/cli/table.hpp"

namespace lode {

namespace {

namespace json = boost::json;

/// As many as a node tells at a time; what was resumed makes room for others.
constexpr const char* stopped_path = "/api/v1/status?stopped=10000";
constexpr int most_looks = 1'000;
constexpr size_t between_words = 100;

class resuming {
public:
  resuming(const cli_context& context, const api_client& node, const resume_filter& which)
      : context_(context), node_(node), which_(which) {}

  int run() {
    int code = exit_ok;
    for (int look = 0; look < most_looks; ++look) {
      auto reply = node_.call("GET", stopped_path);
      auto answer = answer_in(context_, node_, reply, code);
      if (!answer)
        return code;
      const auto* stopped = answer->as_object().if_contains("stopped");
      if (!stopped)
        return complain(context_, exit_try_later, "the store does not answer: " + cell(answer->as_object(), "store"));
      const auto total = answer->as_object().if_contains("stopped_total");
      is_cut_ = total && total->to_number<size_t>() > stopped->as_array().size();
      const auto before = seen_.size();
      for (const auto& each : stopped->as_array())
        if (code = consider(each.as_object()); code != exit_ok)
          return code;
      if (seen_.size() == before)
        break;
    }
    tell();
    if (is_cut_)
      return complain(context_, exit_failed, "there are more stopped connections than were looked at: resume or remove those of another --source or "
                                             "--reason first, then repeat it");
    return failed_ == 0 ? exit_ok : exit_failed;
  }

private:
  int consider(const json::object& stopped) {
    const auto tenant = cell(stopped, "tenant");
    const auto name = cell(stopped, "connection");
    if (cell(stopped, "state") != "suspended" || cell(stopped, "reason").find(which_.reason) == std::string::npos
        || !seen_.emplace(tenant, name).second)
      return exit_ok;
    const auto path = connection_path(tenant, name);
    if (!which_.source.empty()) {
      auto shown = node_.call("GET", path);
      if (shown.status == 404)
        return exit_ok; // removed meanwhile
      int code = exit_ok;
      auto answer = answer_in(context_, node_, shown, code);
      if (!answer)
        return code;
      if (cell(answer->as_object(), "source") != which_.source)
        return exit_ok;
    }
    return resume(path, tenant + "/" + name);
  }

  int resume(const std::string& path, const std::string& shown) {
    auto reply = node_.call("PATCH", path, R"({"state":"active","reason":""})");
    if (reply.status >= 200 && reply.status <= 299) {
      if (++resumed_ % between_words == 0 && !context_.as_json)
        std::cerr << "resumed " << resumed_ << " connections ...\n";
      return exit_ok;
    }
    if (!context_.as_json)
      std::cerr << shown << ": ";
    const auto code = report(context_, node_, reply);
    ++failed_;
    return code == exit_not_found || code == exit_conflict ? exit_ok : code;
  }

  void tell() const {
    if (context_.as_json)
      std::cout << json::serialize(json::object{{"resumed", resumed_}, {"failed", failed_}}) << "\n";
    else
      std::cout << "resumed " << resumed_ << " connections"
                << (failed_ > 0 ? ", " + std::to_string(failed_) + " could not be resumed" : "") << "\n";
  }

  const cli_context& context_;
  const api_client& node_;
  const resume_filter& which_;
  std::set<std::pair<std::string, std::string>> seen_; ///< suspended ones, each is tried once
  bool is_cut_ = false; ///< the node did not list all of them
  size_t resumed_ = 0;
  size_t failed_ = 0;
};

} // namespace

int resume_all(cli_context& context, const resume_filter& which) {
  auto client = context.client();
  if (!client)
    return exit_usage;
  return resuming{context, *client, which}.run();
}

} // namespace lode
