// What an app sees of the SDK: the generated module under the package's own name.

@_exported import CarnetGenerated
