#include "runtime/cli/cli_context.hpp"

#include <boost/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <random>
#include <sstream>

#include "runtime/cli/api_client.hpp"
#include "runtime/security/redact.hpp"

namespace lode {

namespace json = boost::json;

namespace {

exit_code code_of_status(int status) {
  switch (status) {
    case 400:
    case 413:
    case 422: return exit_usage;
    case 401:
    case 403:
    case 429: return exit_not_allowed;
    case 404: return exit_not_found;
    case 409: return exit_conflict;
    case 503: return exit_try_later;
    default: return exit_failed;
  }
}

/// What an answer says that is a problem (RFC 9457); "" when it is none.
std::string message_in(const json::value& answer) {
  if (const auto* problem = answer.if_object())
    if (const auto* detail = problem->if_contains("detail"); detail && detail->is_string())
      return std::string{detail->get_string()};
  return {};
}

/// The API's word for what an exit code says.
const char* name_of(exit_code code) {
  switch (code) {
    case exit_usage: return "bad_argument";
    case exit_no_node: return "no_node";
    case exit_not_found: return "not_found";
    case exit_conflict: return "conflict";
    case exit_not_allowed: return "unauthorized";
    case exit_try_later: return "store_unavailable";
    default: return "failed";
  }
}

/// All messages of one failure; people get a line for each. `command`: under which to repeat what may have been done.
void tell(const cli_context& context, exit_code code, const std::vector<std::string>& messages, const std::string& command = {}) {
  std::string text;
  for (const auto& message : messages)
    text += (text.empty() ? "" : "\n") + std::string{context.as_json ? "" : "error: "} + redact(message);
  if (context.as_json) {
    json::object told{{"title", "The command failed"}, {"detail", text}, {"code", name_of(code)}};
    if (!command.empty())
      told["command"] = command;
    text = json::serialize(told);
  }
  std::cerr << text << "\n";
}

/// A token as it stands in a file: without the white space around it.
std::string first_word(const std::string& text) {
  std::istringstream words{text};
  std::string word;
  words >> word;
  return word;
}

std::string environment(const char* name) {
  const auto* value = std::getenv(name);
  return value ? value : "";
}

} // namespace

std::unique_ptr<settings> cli_context::load() const {
  auto loaded = load_settings({config_file, process_environment(), assignments});
  if (loaded.mistakes.empty())
    return std::make_unique<settings>(std::move(loaded.values));
  std::vector<std::string> messages;
  for (const auto& mistake : loaded.mistakes)
    messages.push_back(to_string(mistake));
  tell(*this, exit_usage, messages);
  return nullptr;
}

std::unique_ptr<api_client> cli_context::client() const {
  auto address = node.empty() ? environment("LODE_ADDRESS") : node;
  if (address.find("://") != address.npos && !address.starts_with("http://") && !address.starts_with("https://")) {
    complain(*this, exit_usage, (node.empty() ? "LODE_ADDRESS: found \"" : "--node: found \"") + address + "\", expected http://HOST:PORT or https://HOST:PORT");
    return nullptr;
  }
  if (address.empty()) {
    auto loaded = load();
    if (!loaded)
      return nullptr;
    address = (loaded->console.certificate_file.empty() ? "http://" : "https://") + loaded->console.listen;
  }
  auto token = environment("LODE_TOKEN");
  if (!token_file.empty() && !read_file(*this, token_file, token))
    return nullptr;
  if (first_word(token).starts_with("blake2b:")) {
    complain(*this, exit_usage, "that is the hash of a token, which a node keeps; --token-file and LODE_TOKEN are for the token that lode token new printed");
    return nullptr;
  }
  auto authorities = ca_file.empty() ? environment("LODE_CA_FILE") : ca_file;
  return std::make_unique<api_client>(std::move(address), first_word(token), std::move(authorities));
}

int complain(const cli_context& context, exit_code code, const std::string& message) {
  tell(context, code, {message});
  return code;
}

int complain(const cli_context& context, exit_code code, const std::vector<std::string>& messages) {
  tell(context, code, messages);
  return code;
}

namespace {

/// As report(); `command`: what it may have been carried out under, "" when it was not.
int report_with(const cli_context& context, const api_client& client, const api_reply& reply, const std::string& command) {
  const auto told = [&](exit_code code, const std::string& message) {
    tell(context, code, {message}, command);
    return code;
  };
  if (reply.status == 0)
    return told(exit_no_node, "no node answers at " + client.address() + " (" + reply.body
                                + "). Start one: lode serve --config lode.yaml; or name another: --node http://ADDRESS:PORT");
  json::error_code problem;
  auto answer = json::parse(reply.body, problem);
  auto message = problem ? std::string{} : message_in(answer);
  auto code = code_of_status(reply.status);
  if (message.empty())
    return told(code, "the node at " + client.address() + " answered " + std::to_string(reply.status));
  if (!context.as_json)
    return told(code, message);
  if (!command.empty())
    answer.as_object()["command"] = command;
  std::cerr << json::serialize(answer) << "\n";
  return code;
}

std::optional<json::value> answer_with(const cli_context& context, const api_client& client, const api_reply& reply, int& code,
                                       const std::string& command) {
  if (reply.status < 200 || reply.status > 299) {
    code = report_with(context, client, reply, command);
    return std::nullopt;
  }
  json::error_code problem;
  auto answer = json::parse(reply.body, problem);
  if (!problem && reply.is_complete)
    return answer;
  tell(context, exit_failed, {"the answer of the node at " + client.address() + " broke off or is not JSON"}, command);
  code = exit_failed;
  return std::nullopt;
}

} // namespace

int report(const cli_context& context, const api_client& client, const api_reply& reply) {
  return report_with(context, client, reply, {});
}

std::optional<json::value> answer_in(const cli_context& context, const api_client& client, const api_reply& reply, int& code) {
  return answer_with(context, client, reply, code, {});
}

namespace {

void print(const cli_context& context, const api_reply& reply, const json::value& answer,
           const std::function<void(const json::value&)>& show) {
  if (context.as_json)
    std::cout << reply.body;
  else
    show(answer);
}

} // namespace

int ask(const cli_context& context, const std::string& method, const std::string& path, const std::string& body,
        const std::function<void(const json::value&)>& show) {
  auto client = context.client();
  if (!client)
    return exit_usage;
  auto reply = client->call(method, path, body);
  int code = exit_ok;
  auto answer = answer_in(context, *client, reply, code);
  if (answer)
    print(context, reply, *answer, show);
  return code;
}

namespace {

std::string new_command() {
  std::random_device device;
  std::ostringstream out;
  out << std::hex << std::setfill('0');
  for (int i = 0; i < 4; ++i)
    out << std::setw(8) << static_cast<uint32_t>(device());
  return std::move(out).str();
}

/// No answer, one that broke off, or a database that may have done it before it went away.
bool is_unknown(const api_reply& reply) {
  return reply.status == 0 ? reply.may_be_done : !reply.is_complete || reply.status >= 500;
}

} // namespace

int ask_once(const cli_context& context, const std::string& path, const std::string& body, std::string command,
             const std::function<void(const json::value&)>& show) {
  auto client = context.client();
  if (!client)
    return exit_usage;
  if (command.empty())
    command = new_command();
  auto reply = client->call("POST", path, body, "application/json", nullptr, command);
  const auto how = "Whether it was done is not known. The same again with --command-id " + command
                   + ", on any node, does it at most once and says what became of it";
  if (reply.status == 0 && reply.may_be_done) {
    tell(context, exit_no_node, {"the node at " + client->address() + " did not answer (" + reply.body + "). " + how}, command);
    return exit_no_node;
  }
  int code = exit_ok;
  auto answer = answer_with(context, *client, reply, code, is_unknown(reply) ? command : "");
  if (answer)
    print(context, reply, *answer, show);
  else if (is_unknown(reply) && !context.as_json) // with --json it stands in the error
    std::cerr << how << "\n";
  return code;
}

bool read_file(const cli_context& context, const std::string& path, std::string& out) {
  const auto refuse = [&](const std::string& why) {
    complain(context, exit_usage, (path == "-" ? "standard input" : path) + why);
    return false;
  };
  std::error_code ignored;
  if (path != "-" && std::filesystem::is_directory(path, ignored))
    return refuse(": is a folder, expected a file");
  std::ifstream file;
  if (path != "-")
    file.open(path, std::ios::binary);
  auto& in = path == "-" ? std::cin : static_cast<std::istream&>(file);
  if (!in)
    return refuse(": cannot be read");
  out.assign(std::istreambuf_iterator<char>{in}, {});
  if (in.bad())
    return refuse(": cannot be read");
  return out.find_first_not_of(" \t\r\n") != out.npos || refuse(": is empty");
}

std::string limit_option(size_t limit, size_t usual) {
  return limit == usual ? "" : "--limit " + std::to_string(limit) + " ";
}

std::string path_segment(const std::string& text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) || c == '-' || c == '_' || c == '.' || c == '~')
      out += c;
    else
      out.append({'%', digits[byte >> 4], digits[byte & 15]});
  }
  return out;
}

std::string connection_path(const std::string& tenant, const std::string& connection) {
  return "/api/v1/tenants/" + path_segment(tenant) + "/connections/" + path_segment(connection);
}

} // namespace lode
