# Finds what Lode links: Debian 12's packages, and CAF from setup/caf. Part of the installed package too (LodeConfig.cmake), so it
# fails for nobody: lode_missing names what is not there and how to get it, one text each.
set(lode_missing)
foreach(entry "Threads 0 libc6-dev" "OpenSSL 3.0 libssl-dev" "ZLIB 1.2 zlib1g-dev" "date 3.0 libhowardhinnant-date-dev"
        "PkgConfig 0 pkg-config") # OpenSSL before CAF, which links it but does not look for it
  string(REPLACE " " ";" entry ${entry})
  list(GET entry 0 name)
  list(GET entry 1 lode_least)
  list(GET entry 2 package)
  if(lode_least)
    find_package(${name} ${lode_least} QUIET)
    string(PREPEND lode_least " ")
  else()
    find_package(${name} QUIET)
    set(lode_least)
  endif()
  if(NOT ${name}_FOUND)
    list(APPEND lode_missing "${name}${lode_least} (apt-get install ${package})")
  endif()
endforeach()

# Boost is headers only, and compiled into programs with the same version as into Lode. LODE_BOOST_INCLUDE is set by setup/build, by the
# installed package, or by hand: the folder of unpacked headers, where another Boost is installed.
if(NOT LODE_BOOST_INCLUDE)
  set(LODE_BOOST_INCLUDE /usr/include)
endif()
set(lode_boost_found none)
if(EXISTS ${LODE_BOOST_INCLUDE}/boost/version.hpp)
  file(STRINGS ${LODE_BOOST_INCLUDE}/boost/version.hpp lode_boost_found REGEX "^#define BOOST_LIB_VERSION ")
  string(REGEX REPLACE ".*\"([0-9]+)_([0-9]+).*" "\\1.\\2" lode_boost_found "${lode_boost_found}")
endif()
if(NOT lode_boost_found VERSION_EQUAL 1.81)
  list(APPEND lode_missing "Boost 1.81, found ${lode_boost_found} in ${LODE_BOOST_INCLUDE} (apt-get install libboost1.81-dev, or unpack it and \
say -DLODE_BOOST_INCLUDE=the folder that holds its boost/version.hpp)")
endif()

# LODE_CAF_PREFIX is set by the installed package: a program has to use the CAF that Lode was built with.
if(DEFINED ENV{LODE_CACHE})
  set(lode_cache $ENV{LODE_CACHE})
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(lode_cache $ENV{XDG_CACHE_HOME}/lode)
else()
  set(lode_cache $ENV{HOME}/.cache/lode)
endif()
if(LODE_SANITIZE STREQUAL "thread")
  set(lode_caf_flavour " tsan") # only an instrumented CAF will do
  set(lode_caf_places ${LODE_CAF_PREFIX} ${lode_cache}/caf-0.18.7-tsan)
else()
  set(lode_caf_flavour "")
  set(lode_caf_places $ENV{CAF_ROOT} ${LODE_CAF_PREFIX} ${lode_cache}/caf-0.18.7)
endif()
find_package(CAF QUIET COMPONENTS core io openssl PATHS ${lode_caf_places} NO_DEFAULT_PATH)
if(NOT CAF_FOUND OR NOT CAF_VERSION VERSION_EQUAL 0.18.7)
  list(APPEND lode_missing "CAF 0.18.7, not found in: ${lode_caf_places} (setup/caf${lode_caf_flavour}, in a checkout of Lode)")
endif()

if(PkgConfig_FOUND)
  foreach(entry "pq libpq>=15 libpq-dev" "hiredis hiredis>=0.14 libhiredis-dev" "simdjson simdjson>=3.0 libsimdjson-dev"
          "xxhash libxxhash>=0.8 libxxhash-dev" "yaml yaml-cpp>=0.7 libyaml-cpp-dev" "re2 re2 libre2-dev" "fmt fmt>=9.1 libfmt-dev"
          "spdlog spdlog>=1.10 libspdlog-dev" "sodium libsodium>=1.0.18 libsodium-dev" "protobuf protobuf>=3.21 libprotobuf-dev")
    string(REPLACE " " ";" entry ${entry})
    list(GET entry 0 name)
    list(GET entry 1 module)
    list(GET entry 2 package)
    pkg_check_modules(${name} QUIET IMPORTED_TARGET ${module})
    if(NOT ${name}_FOUND)
      list(APPEND lode_missing "${module} (apt-get install ${package})")
    endif()
  endforeach()
endif()
