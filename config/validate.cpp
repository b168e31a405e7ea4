#include "config/listen_address.hpp"
#include "config/load.hpp"
#include "config/text_values.hpp"

namespace lode {

using namespace setting_text;

namespace {

class relations {
public:
  std::vector<settings_mistake> mistakes;

  template <class T, class Format>
  void not_above(const char* low_key, const T& low, const char* high_key, const T& high, Format format) {
    if (low > high)
      mistakes.push_back({low_key, "", "is " + format(low) + ", but must not be above " + high_key + " (" + format(high) + ")"});
  }
  void require(bool holds, const char* key, std::string message) {
    if (!holds)
      mistakes.push_back({key, "", std::move(message)});
  }
};

std::string format_count(uint32_t n) {
  return std::to_string(n);
}

bool is_plain_name(const std::string& name) {
  return !name.empty() && name.size() <= 64
         && name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == name.npos;
}

void check_console(relations& r, const console_settings& console) {
  auto address = parse_listen_address(console.listen);
  if (!address)
    return r.require(false, "console.listen", "found \"" + console.listen
                                                + "\", expected address:port such as 127.0.0.1:7788 or [::1]:7788");
  r.require(address->is_loopback || !console.token_file.empty(), "console.token_file",
            "is needed because console.listen (" + console.listen
              + ") can be reached from other machines; or listen on 127.0.0.1");
}

/// "host:port"; a host that means every address of this machine is none that others reach.
std::string advertise_mistake(const std::string& text) {
  const auto colon = text.rfind(':');
  const auto host = colon == text.npos ? std::string{} : text.substr(0, colon);
  const auto digits = colon == text.npos ? std::string{} : text.substr(colon + 1);
  const bool is_number = !digits.empty() && digits.size() <= 5 && digits.find_first_not_of("0123456789") == digits.npos;
  const auto port = is_number ? std::stoul(digits) : 0;
  if (host.empty() || port == 0 || port > 65'535)
    return "found \"" + text + "\", expected host:port such as 10.0.0.5:7789";
  if (host == "0.0.0.0" || host == "[::]")
    return "found \"" + text + "\", which no other machine can reach: give this machine's own address or name";
  return {};
}

void check_cluster(relations& r, const cluster_settings& cluster) {
  r.require(is_plain_name(cluster.name), "cluster.name",
            "found \"" + cluster.name + "\", expected 1 to 64 letters, digits, dots, dashes or underscores");
  const auto files = !cluster.certificate_file.empty() + !cluster.key_file.empty() + !cluster.ca_file.empty();
  r.require(files == 0 || files == 3, "cluster.certificate_file",
            "and cluster.key_file and cluster.ca_file belong together: give all three or none");
  if (cluster.listen.empty())
    return r.require(cluster.advertise.empty(), "cluster.advertise", "says where other nodes reach this one, but cluster.listen is not set");
  auto address = parse_listen_address(cluster.listen);
  if (!address)
    return r.require(false, "cluster.listen", "found \"" + cluster.listen
                                                + "\", expected address:port such as 127.0.0.1:7789 or 10.0.0.5:7789");
  r.require(address->is_loopback || files == 3, "cluster.listen",
            "(" + cluster.listen + ") can be reached from other machines: that needs cluster.certificate_file, cluster.key_file and "
              "cluster.ca_file (`lode cluster init`, `lode cluster certificate NODE`); or listen on 127.0.0.1");
  if (!cluster.advertise.empty()) {
    auto mistake = advertise_mistake(cluster.advertise);
    r.require(mistake.empty(), "cluster.advertise", mistake);
  } else {
    r.require(address->host != "0.0.0.0" && address->host != "::", "cluster.advertise",
              "is needed because cluster.listen (" + cluster.listen + ") is every address of this machine: other nodes must be told one");
  }
}

} // namespace

std::vector<settings_mistake> check_relations(const settings& s) {
  relations r;
  r.require(is_plain_name(s.node.name), "node.name",
            "found \"" + s.node.name + "\", expected 1 to 64 letters, digits, dots, dashes or underscores");
  r.not_above("store.retry_min", s.store.retry_min, "store.retry_max", s.store.retry_max, format_duration);
  r.not_above("store.lock_timeout", s.store.lock_timeout, "store.statement_timeout", s.store.statement_timeout,
              format_duration);
  r.not_above("http.connect_timeout", s.http.connect_timeout, "http.total_timeout", s.http.total_timeout, format_duration);
  r.not_above("http.first_byte_timeout", s.http.first_byte_timeout, "http.total_timeout", s.http.total_timeout,
              format_duration);
  r.not_above("http.connections_per_host", s.http.connections_per_host, "http.connections", s.http.connections, format_count);
  r.not_above("http.max_response_bytes", s.http.max_response_bytes, "mining.bytes_in_flight", s.mining.bytes_in_flight,
              format_bytes);
  r.not_above("mining.retry_min", s.mining.retry_min, "mining.retry_max", s.mining.retry_max, format_duration);
  r.not_above("schedule.jitter", s.schedule.jitter, "schedule.every", s.schedule.every, format_duration);
  r.require(s.http.ca_file.empty() || s.http.extra_ca_file.empty(), "http.extra_ca_file",
            "and http.ca_file exclude each other: give one of them");
  r.require(s.security.key.empty() || s.security.key_file.empty(), "security.key",
            "and security.key_file exclude each other: give one of them");
  check_console(r, s.console);
  check_cluster(r, s.cluster);
  return std::move(r.mistakes);
}

} // namespace lode
