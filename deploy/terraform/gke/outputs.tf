output "credentials" {
  description = "Makes kubectl speak to the cluster."
  value       = "gcloud container clusters get-credentials ${google_container_cluster.autopilot.name} --region ${var.region} --project ${var.project} --dns-endpoint"
}
