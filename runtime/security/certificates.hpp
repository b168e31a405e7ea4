#pragma once

#include <caf/expected.hpp>

#include <chrono>
#include <string>

namespace lode {

/// Where a certificate and its private key stand, as PEM.
struct certificate_files {
  std::string certificate;
  std::string key;
};

/// What a node shows to its peers and by what it knows them.
struct node_certificates {
  std::string certificate_file;
  std::string key_file;
  std::string ca_file;
};

/// Makes the authority of a cluster: `directory`/ca.pem and ca.key (EC P-256, readable by its owner only). It signs nothing but
/// nodes, because whoever has a certificate of it is a node. Makes the directory, for its owner only, where it is not there.
/// errc::conflict: one of the files exists, nothing is overwritten.
caf::expected<certificate_files> make_authority(const std::string& directory, const std::string& name, uint32_t days);

/// A key and certificate for one node, `directory`/NODE.pem and NODE.key, signed by the authority in the same directory; at the
/// longest as long as that one holds.
caf::expected<certificate_files> issue_certificate(const std::string& directory, const std::string& node, uint32_t days);

/// Reads all three as the TLS library will, which ends the process over a file that it cannot use: every file is readable, the
/// key fits the certificate, the authority signed it, neither is over. Fails with errc::bad_argument, which names setting,
/// file, what is wrong and what to do. Returns the time until the first of them is over.
caf::expected<std::chrono::seconds> check_certificates(const node_certificates& files);

} // namespace lode
