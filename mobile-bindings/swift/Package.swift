// swift-tools-version: 6.0

// The Swift package of the SDK. `cargo xtask bindings swift` generates its module; see README.md for the steps on a Mac.

import PackageDescription

let package = Package(
    name: "Carnet",
    platforms: [.iOS(.v16), .macOS(.v13)],
    products: [
        .library(name: "Carnet", targets: ["Carnet"])
    ],
    targets: [
        // The compiled library with its C header and module map, one slice for each platform.
        .binaryTarget(name: "carnetFFI", path: "Carnet.xcframework"),
        // Generated: its code is checked by the compiler as Swift 5, since the generator does not yet speak Swift 6.
        .target(
            name: "CarnetGenerated",
            dependencies: ["carnetFFI"],
            swiftSettings: [.swiftLanguageMode(.v5)]
        ),
        // What an app sees.
        .target(name: "Carnet", dependencies: ["CarnetGenerated"]),
    ]
)
