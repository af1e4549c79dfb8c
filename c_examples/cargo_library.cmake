# The library and the server as cargo makes them: targets otc and opentok. `cargo` makes them.
find_program(CARGO cargo HINTS "$ENV{HOME}/.cargo/bin" "$ENV{CARGO_HOME}/bin")
if(NOT CARGO)
  message(FATAL_ERROR "cargo not found: install Rust (https://rustup.rs), or name it with -DCARGO=/path/to/cargo")
endif()

# The soname: libotc.so.0.N for version 0.N.x, libotc.so.N from 1.0 on.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${OTC_ROOT}/Cargo.toml")
file(STRINGS "${OTC_ROOT}/Cargo.toml" version_line REGEX "^version = \"[0-9]+\\.[0-9]+" LIMIT_COUNT 1)
if(NOT version_line MATCHES "\"(([0-9]+)\\.[0-9]+)")
  message(FATAL_ERROR "no version in ${OTC_ROOT}/Cargo.toml")
endif()
if(CMAKE_MATCH_2 EQUAL 0)
  set(OTC_SONAME "libotc.so.${CMAKE_MATCH_1}")
else()
  set(OTC_SONAME "libotc.so.${CMAKE_MATCH_2}")
endif()

# Cargo is always asked and knows best what has changed. Beside an rlib the shared library would be built without LTO, hence
# `rustc --crate-type`. The directory is given, whatever the environment says, because the programs look for the library there.
set(cargo_command "${CMAKE_COMMAND}" -E env --unset=CARGO_TARGET_DIR --unset=CARGO_BUILD_TARGET "${CARGO}")
add_custom_target(cargo ALL
  COMMAND ${cargo_command} rustc --release --lib --crate-type cdylib,staticlib --target-dir "${OTC_TARGET_DIR}"
  COMMAND ${cargo_command} build --release -p otc-server --target-dir "${OTC_TARGET_DIR}"
  COMMAND "${CMAKE_COMMAND}" "-DDIRECTORY=${OTC_RELEASE_DIR}" "-DSONAME=${OTC_SONAME}" -P "${CMAKE_CURRENT_SOURCE_DIR}/links.cmake"
  BYPRODUCTS "${OTC_RELEASE_DIR}/libotc.so" "${OTC_RELEASE_DIR}/libopentok.so"
  WORKING_DIRECTORY "${OTC_ROOT}"
  COMMENT "Building the library and the server with cargo"
  USES_TERMINAL VERBATIM)

set(OTC_LIBRARY_DIR "${OTC_RELEASE_DIR}")
set(OTC_STATIC OFF)
function(import_library name file)
  add_library(${name} SHARED IMPORTED)
  set_target_properties(${name} PROPERTIES
    IMPORTED_LOCATION "${OTC_RELEASE_DIR}/${file}"
    IMPORTED_SONAME "${OTC_SONAME}"
    INTERFACE_INCLUDE_DIRECTORIES "${OTC_ROOT}/include")
  add_dependencies(${name} cargo)
endfunction()
import_library(otc libotc.so)
import_library(opentok libopentok.so) # the name that programs for the vendor's SDK link
