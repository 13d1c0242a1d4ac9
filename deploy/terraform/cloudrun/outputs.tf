output "url" {
  description = "curl -H \"Authorization: Bearer $(gcloud auth print-identity-token)\" URL/readyz"
  value       = google_cloud_run_v2_service.service.uri
}

output "registry" {
  description = "Where images are pushed."
  value       = "${google_artifact_registry_repository.images.location}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.images.repository_id}"
}

output "workload_identity_provider" {
  description = "For google-github-actions/auth; empty without a repository."
  value       = var.github_repository == "" ? "" : google_iam_workload_identity_pool_provider.github[0].name
}
