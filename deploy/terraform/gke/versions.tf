# The service on GKE Autopilot, by the chart:
#   terraform init && terraform apply -var project=PROJECT -var image_repository=... -var image_tag=0.1.0
terraform {
  required_version = ">= 1.9"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 7.45"
    }
    helm = {
      source  = "hashicorp/helm"
      version = "~> 3.1"
    }
  }
}

provider "google" {
  project = var.project
  region  = var.region
}

data "google_client_config" "me" {}

provider "helm" {
  kubernetes = {
    host  = "https://${google_container_cluster.autopilot.control_plane_endpoints_config[0].dns_endpoint_config[0].endpoint}"
    token = data.google_client_config.me.access_token
  }
}
